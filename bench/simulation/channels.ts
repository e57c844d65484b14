import type { Candidate } from '../../shared/settlement/batch-fee.ts';
import { SETTLEMENT_POLICY } from '../../shared/settlement/settlement-policy.ts';
import { random } from './random.ts';

/** One shop's channels: when each is to be settled, and what is in it. */
export const CHANNEL_MODEL = {
  /** Blocks from opening to the refund height, and the last ones in which no chunk is sold. */
  lifetime: 1_008,
  stopChunks: 156,
  /** Of all channels; the buyers of the others vanish, and those settle at T_close. */
  complete: 0.85,
  /** Satoshis a chunk and chunks a channel: medians and deviations of the logarithm. */
  pricePerChunk: { median: 2_000, deviation: 0.8, least: 1_139 },
  chunks: { median: 16, deviation: 1.2, most: 10_000 },
  /** A complete channel mostly spends its whole capacity, so that there is no change. */
  withoutChange: 0.7,
} as const;

export interface SimulatedChannel extends Candidate {
  /** The height from which the shop wants it settled. */
  readonly dueAt: number;
}

const SCRIPTS = [new Uint8Array(22), new Uint8Array(34)] as const;

/** How many channels become due with each block of the year: each at a uniformly random one. */
export function channelsDue(seed: number, channels: number, blocksInYear: number): Uint32Array {
  const draw = random(seed, 5);
  const due = new Uint32Array(blocksInYear);
  for (let channel = 0; channel < channels; channel += 1) {
    const block = Math.floor(draw.uniform() * blocksInYear);
    due[block] = (due[block] ?? 0) + 1;
  }
  return due;
}

/**
 * The channels that become due with a block: always the same for a seed, made when they are needed.
 * @param waitBlocks how long a complete channel waits for a batch
 */
export function channelsOf(
  seed: number,
  block: number,
  count: number,
  waitBlocks: number,
): readonly SimulatedChannel[] {
  if (count === 0) return [];
  const draw = random(seed, 1_000 + block);
  return Array.from({ length: count }, (_, index) => {
    const isComplete = draw.uniform() < CHANNEL_MODEL.complete;
    const { lifetime, stopChunks, pricePerChunk, chunks } = CHANNEL_MODEL;
    const left = isComplete
      ? stopChunks + Math.floor(draw.uniform() * (lifetime - stopChunks))
      : SETTLEMENT_POLICY.close;
    const price = Math.max(
      pricePerChunk.least,
      draw.logNormal(pricePerChunk.median, pricePerChunk.deviation),
    );
    const count = Math.min(chunks.most, Math.ceil(draw.logNormal(chunks.median, chunks.deviation)));
    const paid = isComplete ? count : 1 + Math.floor(draw.uniform() * count);
    const hasChange = !isComplete || draw.uniform() >= CHANNEL_MODEL.withoutChange;
    const changeScript = SCRIPTS[draw.uniform() < 0.5 ? 0 : 1];
    return {
      id: `${block}.${index}`,
      dueAt: block,
      refundHeight: block + left,
      share: BigInt(Math.round(price)) * BigInt(paid),
      change: hasChange ? 1_000n : 0n,
      changeScript,
      ...(isComplete && waitBlocks > 0 && { waitUntil: block + waitBlocks }),
    };
  });
}
