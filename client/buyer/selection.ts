import { fileStarts } from '../../shared/dataset/layout.ts';
import type { Manifest } from '../../shared/dataset/manifest.ts';
import { type DatasetShape, price } from '../../shared/protocol/price.ts';
import { BuyerError } from './errors.ts';

/** Which files of a dataset a buyer wants, and the chunks that hold them. */
export interface Selection {
  readonly isWhole: boolean;
  readonly isWanted: (file: number) => boolean;
  readonly files: number;
  /** Bytes of the files. */
  readonly bytes: number;
  /** Chunks of the dataset, in order. */
  readonly chunks: readonly number[];
}

/**
 * @param only paths of files or of folders, as the manifest names them; undefined for everything
 * @throws BuyerError usage for a path that the dataset does not have
 */
export function selectFiles(manifest: Manifest, only: readonly string[] | undefined): Selection {
  const wanted = wantedFiles(manifest, only);
  const starts = fileStarts(manifest.files);
  const chunks = new Set<number>();
  let [files, bytes] = [0, 0];
  for (const [index, { size }] of manifest.files.entries()) {
    if (!wanted(index)) continue;
    files += 1;
    bytes += size;
    const start = starts[index] ?? 0;
    const last = Math.floor((start + size - 1) / manifest.chunkSize);
    for (let chunk = Math.floor(start / manifest.chunkSize); size > 0 && chunk <= last; chunk++)
      chunks.add(chunk);
  }
  return {
    isWhole: only === undefined,
    isWanted: wanted,
    files,
    bytes,
    chunks: [...chunks],
  };
}

function wantedFiles({ files }: Manifest, only: readonly string[] | undefined): (file: number) => boolean {
  if (only === undefined) return () => true;
  const wanted = new Set<number>();
  for (const given of only) {
    const path = given
      .normalize('NFC')
      .replace(/^(\.\/)+/, '')
      .replace(/\/+$/, '');
    const found = files.flatMap((file, index) =>
      file.path === path || file.path.startsWith(`${path}/`) ? [index] : [],
    );
    if (found.length === 0) {
      throw new BuyerError('usage', `The dataset has no file or folder ${JSON.stringify(given)}.`, {
        next: 'Name files and folders as the manifest does.',
      });
    }
    for (const index of found) wanted.add(index);
  }
  return (file) => wanted.has(file);
}

/** Chunks of the dataset in a row, from `first` up to but without `end`. */
export interface Run {
  readonly first: number;
  readonly end: number;
}

export interface RunWish {
  readonly shape: DatasetShape;
  readonly pricePerChunk: bigint;
  readonly chunks: readonly number[];
  readonly isPaid: (chunk: number) => boolean;
  /** Satoshis that one more channel costs: its two transactions. */
  readonly channelCost: bigint;
  /** What the shop takes for a channel's first chunk at least, satoshis. */
  readonly minimumFirstPrice: bigint;
}

/**
 * What is to be bought, in runs, each through a channel of its own, since a channel holds chunks in a row. Chunks between
 * two runs are bought along where they are cheaper than another channel.
 */
export function runsToBuy(wish: RunWish): Run[] {
  const { chunks, isPaid, minimumFirstPrice } = wish;
  const runs: { first: number; end: number }[] = [];
  for (const chunk of chunks) {
    if (isPaid(chunk)) continue;
    const run = runs.at(-1);
    if (run && chunk === run.end) run.end += 1;
    else if (run && isWorthIt(wish, run.end, chunk)) run.end = chunk + 1;
    else runs.push({ first: chunk, end: chunk + 1 });
  }
  // A channel that begins with a short last chunk may be too cheap for the shop: the one before goes along.
  const last = runs.at(-1);
  if (last && last.first > 0 && priceOfRun(wish, { ...last, end: last.first + 1 }) < minimumFirstPrice) {
    if (!isPaid(last.first - 1)) last.first -= 1;
  }
  const before = runs.at(-2);
  if (before && last && before.end >= last.first) runs.splice(-2, 2, { first: before.first, end: last.end });
  return runs;
}

function isWorthIt({ isPaid, channelCost, ...wish }: RunWish, first: number, end: number): boolean {
  for (let chunk = first; chunk < end; chunk++) if (isPaid(chunk)) return false;
  return priceOfRun(wish, { first, end }) <= channelCost;
}

/** Satoshis. */
export function priceOfRun(
  { shape, pricePerChunk }: Pick<RunWish, 'shape' | 'pricePerChunk'>,
  { first, end }: Run,
): bigint {
  const count = end - first;
  return count > 0 ? price({ first, count, pricePerChunk }, shape, count) : 0n;
}

/** A funding and a settlement, as `shared/protocol/transactions.ts` makes them, vB. */
const CHANNEL_VBYTES = 153n + 169n;

/** @param feeRate satoshis per 1,000 vB */
export function costOfChannel(feeRate: bigint): bigint {
  return (CHANNEL_VBYTES * feeRate + 999n) / 1_000n;
}
