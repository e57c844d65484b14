import { DUST_LIMIT, outputKind } from './script.ts';

/** What of a dataset its prices depend on; sizes in bytes. All chunks are `chunkSize` long but the last. */
export interface DatasetShape {
  readonly totalSize: number;
  readonly chunkSize: number;
}

/** Which chunks a channel buys at which price. */
export interface PriceTerms {
  readonly first: number;
  readonly count: number;
  /** Satoshis for a full chunk. */
  readonly pricePerChunk: bigint;
}

export function chunkCount(shape: DatasetShape): number {
  return Math.ceil(shape.totalSize / shape.chunkSize);
}

/** Bytes of the dataset's chunk `index`; past its end there are none. */
export function chunkSizeAt(shape: DatasetShape, index: number): number {
  return Math.max(0, Math.min(shape.chunkSize, shape.totalSize - index * shape.chunkSize));
}

/**
 * Satoshis for the channel's first `paid` chunks: each chunk's share of the price, rounded up per chunk. Only the
 * dataset's last chunk can be shorter, so all before it cost the full price.
 */
export function price(terms: PriceTerms, shape: DatasetShape, paid: number): bigint {
  if (paid === 0) return 0n;
  const last = terms.first + paid - 1;
  return BigInt(paid - 1) * terms.pricePerChunk + chunkPrice(terms.pricePerChunk, shape, last);
}

function chunkPrice(pricePerChunk: bigint, shape: DatasetShape, index: number): bigint {
  const size = BigInt(chunkSizeAt(shape, index));
  const chunkSize = BigInt(shape.chunkSize);
  return (pricePerChunk * size + chunkSize - 1n) / chunkSize;
}

/** What is A's after `paid` chunks, satoshis. */
export function change(
  terms: PriceTerms & { readonly capacity: bigint },
  shape: DatasetShape,
  paid: number,
): bigint {
  return terms.capacity - price(terms, shape, paid);
}

/**
 * Whether every commitment of a channel can be relayed: A's change after each chunk is nothing at all or at least its dust
 * limit, and the dataset has all its chunks. Prices only grow, so looking from the end it is enough to go back to the first change above the limit.
 */
export function dustGridHolds(
  terms: PriceTerms & { readonly capacity: bigint; readonly changeScript: Uint8Array },
  shape: DatasetShape,
): boolean {
  const kind = outputKind(terms.changeScript);
  if (!kind || terms.first + terms.count > chunkCount(shape)) return false;
  for (let paid = terms.count; paid >= 1; paid--) {
    const rest = change(terms, shape, paid);
    if (rest >= DUST_LIMIT[kind]) return true;
    if (rest !== 0n) return false;
  }
  return true;
}
