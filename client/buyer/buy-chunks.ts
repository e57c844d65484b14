import type { Purchase } from './buyer-context.ts';
import { type ChannelSecrets, channelSecrets } from './channel-secrets.ts';
import { aheadFor, chunkWindow, prefixOf, type WindowRules } from './chunk-window.ts';
import { interrupted, isProblem } from './errors.ts';
import { fetchChunk } from './fetch-chunk.ts';
import { channelOf } from './fund-channel.ts';
import { isOverFor, pay } from './pay-chunks.ts';

/** How buying through a channel ended: all of its chunks are here and paid, or the channel takes no more. */
export type ChunksOutcome = 'done' | 'life-ended';

/** A channel's chunks and payments under way. */
interface Flow {
  readonly purchase: Purchase;
  readonly channel: ChannelSecrets;
  readonly rules: WindowRules;
  /** Chunks by their number, and one payment at a time. */
  readonly tasks: Map<number | 'payment', Promise<void>>;
  readonly refused: Set<number | 'payment'>;
  readonly stop: AbortController;
  prefix: number;
}

/**
 * Brings chunks side by side and pays them in order, each payment sent the moment what it pays for is on the disk; until the
 * channel's chunks are bought. A channel whose time is over still gives what was paid, and takes what is owed while it may.
 */
export async function buyChunks(purchase: Purchase, channelId: string): Promise<ChunksOutcome> {
  const channel = channelSecrets(channelOf(purchase, channelId), purchase.wallet.keys);
  const { credit } = channel.terms;
  const count = wantedCount(purchase, channel);
  const ahead = aheadFor(purchase.limits.ahead, credit);
  const flow: Flow = {
    purchase,
    channel,
    rules: { count, credit, ahead, limit: purchase.commitmentLimit },
    tasks: new Map(),
    refused: new Set(),
    stop: new AbortController(),
    prefix: 0,
  };
  try {
    while (beginTasks(flow)) await Promise.race(flow.tasks.values());
  } catch (error) {
    flow.stop.abort();
    await Promise.allSettled(flow.tasks.values());
    throw error;
  }
  if (flow.prefix >= count && channelOf(purchase, channelId).paid >= count) return 'done';
  if (flow.refused.size === 0) throw new Error('there is nothing to do, and not everything is bought');
  return 'life-ended';
}

/** Chunks of the channel up to the last that is wanted: one opened for more buys no more than what is asked for now. */
function wantedCount({ selection }: Purchase, { terms: { first, count } }: ChannelSecrets): number {
  const last = selection.chunks.findLast((chunk) => chunk >= first && chunk < first + count);
  return last === undefined ? 0 : last - first + 1;
}

/** Begins whatever may be under way and is not. @returns false where nothing is */
function beginTasks(flow: Flow): boolean {
  const { purchase, channel, tasks, refused } = flow;
  if (purchase.buyer.signal?.aborted) throw interrupted();
  const { verified } = purchase.journal.state();
  const { first } = channel.terms;
  const { count } = flow.rules;
  const has = (number: number) => verified.has(first + number);
  const { paid } = channelOf(purchase, channel.channelId);
  flow.prefix = prefixOf(has, count, flow.prefix);
  // Nothing new is begun on a channel that ends: what is paid is fetched, what is here is paid.
  const rules = refused.size > 0 ? { ...flow.rules, credit: 0 as const, ahead: 0 } : flow.rules;
  const moves = chunkWindow(rules, { prefix: flow.prefix, paid, has });
  for (const number of moves.fetch.filter((each) => !refused.has(each))) {
    const chunks = tasks.size - (tasks.has('payment') ? 1 : 0);
    if (chunks < purchase.chunksAtOnce && !tasks.has(number)) begin(flow, number, () => fetch(flow, number));
  }
  const { pay: k } = moves;
  if (k !== undefined && !tasks.has('payment') && !refused.has('payment')) {
    begin(flow, 'payment', () => pay(purchase, channel, k, flow.prefix, rules.ahead));
  }
  return tasks.size > 0;
}

function begin({ tasks, refused }: Flow, task: number | 'payment', work: () => Promise<void>): void {
  const running = work()
    .catch((error: unknown) => {
      if (!isOverFor(error)) throw error;
      refused.add(task);
    })
    .finally(() => tasks.delete(task));
  tasks.set(task, running);
}

async function fetch({ purchase, channel, tasks, stop }: Flow, number: number): Promise<void> {
  try {
    await fetchChunk(purchase, channel, number, stop.signal);
  } catch (error) {
    const payment = tasks.get('payment');
    if (!payment || !isProblem(error, 'too-many-urls')) throw error;
    // That may pay for this chunk, ahead: then there are more links to it.
    await payment;
    await fetchChunk(purchase, channel, number, stop.signal);
  }
}
