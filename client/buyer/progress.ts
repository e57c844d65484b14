import type { DatasetShape } from '../../shared/protocol/price.ts';
import { chunkSizeAt } from '../../shared/protocol/price.ts';
import type { Selection } from './selection.ts';

/** How many bytes of a purchase are here: of chunks that are whole, and of those under way. */
export interface Progress {
  /** A chunk begins, from nothing. */
  begin(chunk: number): void;
  add(chunk: number, bytes: number): { readonly done: number; readonly total: number };
  /** It is whole, or given up. */
  end(chunk: number, isWhole: boolean): void;
}

export function newProgress(
  shape: DatasetShape,
  { chunks }: Selection,
  verified: ReadonlySet<number>,
): Progress {
  const wanted = new Set(chunks);
  const arriving = new Map<number, number>();
  const sum = (some: readonly number[]) =>
    some.reduce((bytes, chunk) => bytes + chunkSizeAt(shape, chunk), 0);
  let total = sum(chunks);
  let whole = sum(chunks.filter((chunk) => verified.has(chunk)));
  return {
    begin(chunk) {
      // One that is bought along because it lies between.
      if (!wanted.has(chunk)) total += chunkSizeAt(shape, chunk);
      wanted.add(chunk);
      arriving.set(chunk, 0);
    },
    add(chunk, bytes) {
      arriving.set(chunk, (arriving.get(chunk) ?? 0) + bytes);
      let done = whole;
      for (const part of arriving.values()) done += part;
      return { done, total };
    },
    end(chunk, isWhole) {
      arriving.delete(chunk);
      if (isWhole) whole += chunkSizeAt(shape, chunk);
    },
  };
}
