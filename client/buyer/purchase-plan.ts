import type { Manifest } from '../../shared/dataset/manifest.ts';
import { chunkSizeAt } from '../../shared/protocol/price.ts';
import type { ChannelCosts } from './channel-costs.ts';
import { priceOfRun, type Run, type Selection } from './selection.ts';

/** What a purchase will be, said before anything is bound. Money is satoshis, sizes are bytes. */
export interface PurchasePlan {
  readonly name: string;
  /** Of all its chunks. */
  readonly bytes: number;
  readonly price: bigint;
  /** Of it, by earlier runs. */
  readonly paid: bigint;
  /** Chunks paid before they arrive, and their price at most: what a dishonest shop could take. */
  readonly ahead: number;
  readonly atRisk: bigint;
  /** What its channels bind and cost, where one is still to be opened. */
  readonly costs?: ChannelCosts;
  /** Where not everything is bought. */
  readonly part?: {
    readonly files: number;
    readonly chunks: number;
    readonly chunksOfDataset: number;
    /** Channels at least: one for each run of chunks that is not paid yet. */
    readonly channels: number;
  };
}

export interface PlanWish {
  readonly name: string;
  readonly manifest: Manifest;
  readonly selection: Selection;
  /** What is still to be bought. */
  readonly runs: readonly Run[];
  readonly pricePerChunk: bigint;
  readonly ahead: number;
  /** Paid already, satoshis. */
  readonly paid?: bigint;
  readonly costs?: ChannelCosts | undefined;
}

export function purchasePlan(wish: PlanWish): PurchasePlan {
  const { name, manifest, selection, runs, pricePerChunk, ahead, paid = 0n, costs } = wish;
  const rest = runs.reduce((sum, run) => sum + priceOfRun({ shape: manifest, pricePerChunk }, run), 0n);
  const most = BigInt(ahead) * pricePerChunk;
  const chunks = new Set(selection.chunks);
  for (const { first, end } of runs) for (let chunk = first; chunk < end; chunk++) chunks.add(chunk);
  return {
    name,
    bytes: [...chunks].reduce((sum, chunk) => sum + chunkSizeAt(manifest, chunk), 0),
    price: paid + rest,
    paid,
    ahead,
    atRisk: most < rest ? most : rest,
    ...(costs && { costs }),
    ...(!selection.isWhole && {
      part: {
        files: selection.files,
        chunks: chunks.size,
        chunksOfDataset: manifest.chunks.length,
        channels: runs.length,
      },
    }),
  };
}
