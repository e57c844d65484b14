import type { Shop } from '../../shared/channel/shop.ts';
import type { ChannelStore } from '../../shared/store/channel-record.ts';

/** The same shop, but just before its next `times` conditional writes somebody else is quicker. */
export function contested<Some extends Pick<Shop, 'channels'>>(
  shop: Some,
  rival: () => Promise<unknown>,
  times = 1,
): Some {
  let left = times;
  const change: ChannelStore['change'] = async (...parameters) => {
    if (left > 0) {
      left -= 1;
      await rival();
    }
    return shop.channels.change(...parameters);
  };
  return { ...shop, channels: { ...shop.channels, change } };
}
