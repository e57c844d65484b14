import { Problem } from '../errors.ts';
import type { Channel } from '../store/channel-record.ts';
import { type Accepted, acceptCommitment, type Payment } from './accept-commitment.ts';
import type { Shop } from './shop.ts';

/** Channels as this process last saw them, a few kilobytes each. */
const KEPT_CHANNELS = 5_000;

/** What one process remembers of the channels that pay through it. */
export type RecentChannels = Map<string, Channel>;

/**
 * Takes a payment on what this process remembers of its channel, without reading it again: terms, funding and key never
 * change, and whether the channel still stands where it stood is for the conditional write to say. Nothing is ever refused, or
 * answered from memory: for that the channel is read.
 * @param find reads the channel
 * @throws Problem as `acceptCommitment` does, and whatever `find` throws
 */
export async function takePayment(
  shop: Shop,
  recent: RecentChannels,
  { id, find }: { readonly id: string; readonly find: () => Promise<Channel> },
  payment: Payment,
): Promise<Accepted> {
  const seen = recent.get(id);
  const accepted =
    (seen && (await tryOn(shop, seen, payment))) ?? (await acceptCommitment(shop, await find(), payment));
  if (recent.size >= KEPT_CHANNELS) recent.clear();
  recent.set(id, accepted.channel);
  return accepted;
}

async function tryOn(shop: Shop, seen: Channel, payment: Payment): Promise<Accepted | undefined> {
  // What was paid only grows: if it is not ahead of what was seen, it is a replay or stale.
  if (payment.k <= seen.paid) return undefined;
  try {
    return await acceptCommitment(shop, seen, payment);
  } catch (error) {
    if (error instanceof Problem) return undefined;
    throw error;
  }
}
