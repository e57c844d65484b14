import { Problem } from '../../shared/errors.ts';
import type { Channel } from '../../shared/store/channel-record.ts';
import type { ChannelShop } from './channel-shop.ts';

/** The Problem that a promise is rejected with; fails where it is not. */
export async function refused(promise: Promise<unknown>): Promise<Problem> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof Problem) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

/** The same as `name: detail`. */
export async function refusal(promise: Promise<unknown>): Promise<string> {
  const { problem, message } = await refused(promise);
  return `${problem}: ${message}`;
}

/**
 * Asserts that an attempt is refused, leaves the channel's record as it was, and gives out no link.
 * @returns `name: detail`
 */
export async function refusalWithoutChange(
  shop: ChannelShop,
  { id }: Pick<Channel, 'id'>,
  attempt: () => Promise<unknown>,
): Promise<string> {
  const before = await shop.channels.get(id);
  const links = shop.linked.length;
  const reason = await refusal(attempt());
  expect(await shop.channels.get(id)).toEqual(before);
  expect(shop.linked).toHaveLength(links);
  return reason;
}
