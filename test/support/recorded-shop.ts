import type { ChannelShop } from './channel-shop.ts';

/** The same shop with a signer that says when it signs, and a store that says when it writes. */
export function recorded(shop: ChannelShop): { shop: ChannelShop; order: string[] } {
  const order: string[] = [];
  const { channels, signer } = shop;
  return {
    order,
    shop: {
      ...shop,
      channels: {
        ...channels,
        async change(...parameters) {
          const after = await channels.change(...parameters);
          order.push(after ? `stored ${after.state}` : 'not stored');
          return after;
        },
      },
      signer: {
        ...signer,
        sign(digest) {
          order.push('signed');
          return signer.sign(digest);
        },
      },
    },
  };
}
