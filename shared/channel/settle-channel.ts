import type { Channel } from '../store/channel-record.ts';
import { settleClosing } from './settle-closing.ts';
import type { Shop } from './shop.ts';

/** Brings one CLOSING channel a step nearer to its end, as the schedule does with all that are due. @returns it after the step */
export async function settleChannel(shop: Shop, channel: Channel): Promise<Channel> {
  const tip = await shop.tips.fresh();
  await settleClosing(shop, [channel], tip, (_, work) => work());
  return (await shop.channels.get(channel.id)) ?? channel;
}
