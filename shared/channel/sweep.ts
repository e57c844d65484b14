import type { Tip } from '../chain/chain.ts';
import { unixSeconds } from '../clock.ts';
import { Problem } from '../errors.ts';
import { LOCKTIME_THRESHOLD } from '../limits.ts';
import type { Channel } from '../store/channel-record.ts';
import { BLOCKS_KEPT_AFTER_REFUND, deadlines, isRestored } from './channel-facts.ts';
import { confirmFunding, fundingOnChain, nextLook } from './confirm-funding.ts';
import { confirmationsRequired } from './funding-depth.ts';
import { type Isolated, settleClosing } from './settle-closing.ts';
import type { Shop } from './shop.ts';
import { advance } from './transitions.ts';
import { isUnsettled } from './unsettled.ts';

/** Channels looked at in one run; the rest waits a minute. */
const CHANNELS_PER_RUN = 500;
/** What has begun must end within it: a signature, two writes and a broadcast that waits for its time-out. */
const TIME_TO_FINISH_MS = 15_000;
/** What is looked at must be settled in the same run: looks end this much earlier. */
const TIME_TO_SETTLE_MS = 15_000;
/** How long a finished channel's paid chunks can still be fetched: a year after its record could go. */
const ARCHIVE_SECONDS = 365 * 86_400;

export interface SweepReport {
  readonly height: number;
  readonly looked: number;
  readonly failed: number;
  /** Not begun for want of time. */
  readonly left: number;
  /** Since the run before ended; absent in a shop's first one. */
  readonly secondsSinceLast?: number;
  /** To the next refund height of what is to be settled; absent where nothing was looked at that is. */
  readonly blocksToDeadline?: number;
}

/**
 * The schedule's work: every channel that is due gets its next step. Safe to run twice at once, late, or after a long
 * absence; a channel that fails is logged and never stops the others.
 * @param remaining milliseconds that the run may still take; what it does not begin, the next run does
 */
export async function sweep(
  shop: Shop,
  remaining: () => number = () => Number.POSITIVE_INFINITY,
): Promise<SweepReport> {
  const tip = await shop.tips.fresh();
  // Rule 22b: after a restore every channel is looked at once, whenever it would be due.
  const upTo = shop.policy.restoredAt > 0 ? LOCKTIME_THRESHOLD : tip.height;
  const ids = await shop.channels.due(upTo, CHANNELS_PER_RUN);
  let failed = 0;
  let left = 0;
  const isolated: Isolated = async (channelIds, work, kind = 'settle') => {
    const needed = TIME_TO_FINISH_MS + (kind === 'look' ? TIME_TO_SETTLE_MS : 0);
    if (remaining() < needed) {
      left += channelIds.length;
      return;
    }
    try {
      await work();
    } catch (error) {
      failed += channelIds.length;
      shop.log('sweep-failed', { alarm: true, channels: channelIds, reason: String(error) });
    }
  };
  const closing: Channel[] = [];
  for (const id of ids) {
    const work = async () => {
      const channel = await shop.channels.get(id);
      const after = channel && (await attend(shop, channel, tip));
      if (after) closing.push(after);
    };
    await isolated([id], work, 'look');
  }
  const deadline = nearestDeadline(closing);
  await isolated(
    closing.map(({ id }) => id),
    () => settleClosing(shop, closing, tip, isolated),
  );
  const now = shop.clock.now();
  const last = await shop.channels.noteSweep(now, tip.height);
  const report = {
    height: tip.height,
    looked: ids.length,
    failed,
    left,
    ...(last !== undefined && { secondsSinceLast: Math.round((now - last) / 1000) }),
    ...(deadline !== undefined && { blocksToDeadline: deadline - tip.height }),
  };
  shop.log('sweep-done', report);
  return report;
}

/**
 * The first refund height of what was paid and is in no block as far as is known. Every such channel is looked at with each
 * block, and one that is not CLOSING yet is further from its own than T_close: knowing it takes no read of its own.
 */
function nearestDeadline(closing: readonly Channel[]): number | undefined {
  const heights = closing.filter(isUnsettled).map(({ terms }) => terms.refundHeight);
  return heights.sort((one, other) => one - other)[0];
}

/** @returns the channel, if it is to be settled */
async function attend(shop: Shop, channel: Channel, tip: Tip): Promise<Channel | undefined> {
  if (isOver(channel, tip)) {
    await archive(shop, channel);
    return undefined;
  }
  switch (channel.state) {
    case 'PROPOSED':
      await lookForFunding(shop, channel, tip);
      return undefined;
    case 'OPEN':
    case 'SUSPENDED':
      if (mustClose(shop, channel, tip)) return close(shop, channel);
      await watchFunding(shop, channel, tip);
      return undefined;
    case 'CLOSING':
      return channel;
    case 'CANCELLED':
    case 'REFUSED':
    case 'EXPIRED':
    case 'SETTLED':
      return undefined;
  }
}

/** Nothing that was ever signed for the channel can be of use any more. */
function isOver(channel: Channel, tip: Tip): boolean {
  const long = tip.height >= channel.terms.refundHeight + BLOCKS_KEPT_AFTER_REFUND;
  const stillToClose = channel.state === 'OPEN' || channel.state === 'SUSPENDED';
  const stillToSettle = channel.state === 'CLOSING' && channel.paid > 0;
  return long && !stillToClose && !stillToSettle;
}

async function archive(shop: Shop, channel: Channel): Promise<void> {
  const archiveAt = unixSeconds(shop.clock) + ARCHIVE_SECONDS;
  const states = [channel.state];
  if (channel.state === 'PROPOSED' || channel.state === 'CLOSING') {
    await advance(shop, channel.id, { states, paid: 0 }, 'EXPIRED', { archiveAt });
  } else {
    await shop.channels.change(channel.id, { states }, { archiveAt });
  }
}

async function lookForFunding(shop: Shop, channel: Channel, tip: Tip): Promise<void> {
  if (!channel.claimed) return;
  try {
    await confirmFunding(shop, channel, channel.claimed);
  } catch (error) {
    // Not there (any more): the buyer may name it again; until then it is looked for with every block.
    if (!(error instanceof Problem) || error.problem === 'chain-unavailable') throw error;
    await shop.channels.change(channel.id, { states: ['PROPOSED'] }, { dueAt: tip.height + 1 });
  }
}

function mustClose(shop: Shop, channel: Channel, tip: Tip): boolean {
  const isComplete = channel.paid === channel.terms.count && channel.state === 'OPEN';
  return (
    isComplete || isRestored(channel, shop.policy) || tip.height >= deadlines(channel, shop.policy).close
  );
}

function close(shop: Shop, channel: Channel): Promise<Channel | undefined> {
  const states = [channel.state];
  return advance(shop, channel.id, { states }, 'CLOSING', { dueAt: 0 }, { reason: 'due' });
}

/** Rule 13: off the best chain SUSPENDED, back on it OPEN, on the outpoint it always had. */
async function watchFunding(shop: Shop, channel: Channel, tip: Tip): Promise<void> {
  const { funding } = channel;
  if (!funding) throw new Error('an open channel has a funding');
  if (channel.state === 'OPEN' && (await shop.chain.blockHash(funding.height)) === funding.blockHash) {
    await shop.channels.change(
      channel.id,
      { states: ['OPEN'], paidBelow: channel.terms.count },
      {
        dueAt: nextLook(shop, channel, tip.height, funding.height),
      },
    );
    return;
  }
  const found = await fundingOnChain(shop, channel, funding.outpoint).catch((error) => {
    if (error instanceof Problem && error.problem === 'funding-not-found') return undefined;
    throw error;
  });
  const required = confirmationsRequired(channel.terms.capacity, shop.policy);
  const depth = found?.confirmation ? tip.height - found.confirmation.height + 1 : 0;
  if (found?.confirmation && depth >= required) {
    const moved = { outpoint: funding.outpoint, ...found.confirmation };
    const dueAt = nextLook(shop, channel, tip.height, moved.height);
    const change = { funding: moved, voided: false, dueAt };
    if (channel.state === 'OPEN') {
      await shop.channels.change(channel.id, { states: ['OPEN'], paid: channel.paid }, change);
    } else await advance(shop, channel.id, { states: ['SUSPENDED'] }, 'OPEN', change);
    return;
  }
  const change = { voided: true, dueAt: tip.height + 1 };
  if (channel.state === 'SUSPENDED') {
    await shop.channels.change(channel.id, { states: ['SUSPENDED'] }, change);
    return;
  }
  await advance(shop, channel.id, { states: ['OPEN'] }, 'SUSPENDED', change, { alarm: true });
}
