import { Problem } from '../errors.ts';
import type { ChunkLink } from '../http/api.ts';
import { MAX_URLS_PAID_PER_DAY, MAX_URLS_UNPAID } from '../limits.ts';
import type { Channel } from '../store/channel-record.ts';
import { deadlines, isRestored, priceOf, stateMembers } from './channel-facts.ts';
import { chunkLink } from './chunk-link.ts';
import type { Shop } from './shop.ts';
import { CHANGED_MEANWHILE, untilDecided } from './until-decided.ts';

const MS_PER_DAY = 86_400_000;

/**
 * A link to a chunk: one that is paid for, in every state but SUSPENDED, or the next one where credit allows it (rules 19
 * to 21). Giving out an unpaid chunk is a conditional write, so that it never races a close or a cancel.
 * @param chunk the chunk's number within the channel
 * @throws Problem no-such-chunk, payment-required, too-many-urls, too-late, channel-not-open, chain-unavailable
 */
export async function issueChunk(shop: Shop, channel: Channel, chunk: number): Promise<ChunkLink> {
  return untilDecided(shop, channel, async (current) => {
    const { count, credit } = current.terms;
    if (chunk >= count) throw new Problem('no-such-chunk', `the channel buys ${count} chunks`);
    if (current.state === 'SUSPENDED') throw notOpen(current);
    if (chunk < current.paid) return paidChunk(shop, current, chunk);
    if (chunk >= current.paid + credit) throw paymentRequired(current, chunk);
    if (current.state !== 'OPEN') throw notOpen(current);
    requireNotRestored(shop, current);
    const { height } = await shop.tips.recent();
    if (height >= deadlines(current, shop.policy).stopChunks) {
      throw new Problem(
        'too-late',
        'no unpaid chunk is given out this near to the refund height',
        stateMembers(current),
      );
    }
    if (current.unpaidLinks >= MAX_URLS_UNPAID) throw tooMany(chunk);
    const issued = await shop.channels.change(
      current.id,
      { states: ['OPEN'], paid: current.paid, unpaidLinksBelow: MAX_URLS_UNPAID },
      { delivered: chunk + 1, oneMoreUnpaidLink: true },
    );
    if (!issued) return CHANGED_MEANWHILE;
    shop.log('chunk-issued', { channelId: current.id, chunk, paid: current.paid });
    return chunkLink(shop, issued, chunk);
  });
}

/**
 * Rule 22b: a cancel that the table has forgotten would void whatever is sold now.
 * @throws Problem channel-not-open
 */
export function requireNotRestored(shop: Pick<Shop, 'policy'>, channel: Channel): void {
  if (isRestored(channel, shop.policy)) {
    throw new Problem(
      'channel-not-open',
      'the shop was restored from a backup and settles the channel',
      stateMembers(channel),
    );
  }
}

/** A link to a chunk that is paid for, within the day's number of them. */
export async function paidChunk(shop: Shop, channel: Channel, chunk: number): Promise<ChunkLink> {
  const day = Math.floor(shop.clock.now() / MS_PER_DAY);
  if (!(await shop.channels.countPaidLink(channel.id, chunk, day, MAX_URLS_PAID_PER_DAY)))
    throw tooMany(chunk);
  return chunkLink(shop, channel, chunk);
}

function paymentRequired(channel: Channel, chunk: number): Problem {
  const k = chunk + 1 - channel.terms.credit;
  const owed = priceOf(channel, k) - priceOf(channel, channel.paid);
  return new Problem('payment-required', `chunk ${chunk} is given out once ${k} chunks are paid for`, {
    ...stateMembers(channel),
    owed: { k, satoshis: owed.toString() },
  });
}

function notOpen(channel: Channel): Problem {
  return new Problem('channel-not-open', `the channel is ${channel.state}`, stateMembers(channel));
}

function tooMany(chunk: number): Problem {
  return new Problem('too-many-urls', `chunk ${chunk} was linked to as often as it may be`);
}
