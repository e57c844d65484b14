import { BuyerError } from './errors.ts';

/**
 * What a channel lets be under way at a moment. Chunks are counted within the channel. Two rules meet here: the shop gives
 * chunk n once n < paid + credit, and the buyer signs k only up to verified + ahead (docs/protocol.md, sections 5 and 6).
 * Both together keep up to ahead + credit chunks under way, so from 2 on the line is never idle while a payment is.
 */
export interface WindowRules {
  /** Chunks of the channel. */
  readonly count: number;
  /** Chunks the shop gives before they are paid. */
  readonly credit: 0 | 1;
  /** Chunks the buyer pays before they are here. */
  readonly ahead: number;
  /** Chunks that one payment may add, as the shop has it. */
  readonly limit: number;
}

export interface Standing {
  /** Chunks that are on the disk and checked, without a gap from the channel's first. */
  readonly prefix: number;
  /** Chunks the shop has acknowledged payment for. */
  readonly paid: number;
  /** Whether a chunk is on the disk and checked, also beyond a gap. */
  readonly has: (chunk: number) => boolean;
}

export interface Moves {
  /** Chunks that may be asked for and are not here, in order. */
  readonly fetch: readonly number[];
  /** The commitment that may be signed. */
  readonly pay?: number;
}

export function chunkWindow({ count, credit, ahead, limit }: WindowRules, standing: Standing): Moves {
  const { prefix, paid, has } = standing;
  const fetch: number[] = [];
  const horizon = Math.min(count, paid + credit);
  for (let chunk = prefix; chunk < horizon; chunk++) if (!has(chunk)) fetch.push(chunk);
  const k = Math.min(count, prefix + ahead, paid + limit);
  return { fetch, ...(k > paid && { pay: k }) };
}

/**
 * The prefix of what is here.
 * @param known as it was before: nothing that was checked becomes unchecked while a channel is bought through
 */
export function prefixOf(has: Standing['has'], count: number, known: number): number {
  let prefix = known;
  while (prefix < count && has(prefix)) prefix += 1;
  return prefix;
}

/** Chunks that keep all connections busy: the one that ends, and as many more as its idle connections need. */
export function chunksAtOnce(connections: number, segmentsOfChunk: number): number {
  return 1 + Math.ceil(connections / segmentsOfChunk);
}

/**
 * Chunks that the buyer pays before they are here.
 * @param wanted as the person chose, else as few as get it going
 * @throws BuyerError limit-exceeded where that can buy nothing
 */
export function aheadFor(wanted: number | undefined, credit: 0 | 1): number {
  if (wanted !== 0 || credit === 1) return wanted ?? 1 - credit;
  throw new BuyerError('limit-exceeded', 'The shop gives nothing before it is paid here.', {
    next: 'Leave --ahead away: one chunk is then paid before it arrives, which is what a dishonest shop could take.',
  });
}
