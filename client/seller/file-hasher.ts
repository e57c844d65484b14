import { createHash, type Hash } from 'node:crypto';
import { filesOfSpan, type Span } from '../../shared/dataset/layout.ts';
import type { HashMemory } from './content.ts';

const NO_BYTES = new Uint8Array(createHash('sha256').digest());

/** Makes SHA-256 of every file of spans that come one after another. */
export interface FileHasher {
  /** Whether a file's hash needs the span's bytes. */
  needs(span: Span): boolean;
  /** Spans without gaps, unless nothing needs them; what was fed before is passed over. */
  feed(span: Span, bytes: Uint8Array): Promise<void>;
  /** Of all files, in their order; raw. */
  hashes(): Uint8Array[];
}

/** @param starts as `fileStarts` answers */
export function fileHasher(starts: Float64Array, memory: HashMemory): FileHasher {
  const known = new Map(memory.hashed);
  let fed = 0;
  let running: Hash = createHash('sha256');
  const needs = (span: Span) =>
    span.start + span.length > fed && filesOfSpan(starts, span).some(({ file }) => !known.has(file));
  return {
    needs,
    async feed(span, bytes) {
      if (!needs(span)) return;
      const found: [number, Uint8Array][] = [];
      for (const { file, offset, length, at } of filesOfSpan(starts, span)) {
        if (known.has(file)) continue;
        if (offset === 0) running = createHash('sha256');
        running.update(bytes.subarray(at, at + length));
        if ((starts[file] ?? 0) + offset + length < (starts[file + 1] ?? 0)) continue;
        const hash = new Uint8Array(running.digest());
        known.set(file, hash);
        found.push([file, hash]);
      }
      fed = span.start + span.length;
      if (found.length > 0) await memory.remember(found);
    },
    hashes: () =>
      Array.from({ length: starts.length - 1 }, (_, file) => known.get(file) ?? noBytes(starts, file)),
  };
}

function noBytes(starts: Float64Array, file: number): Uint8Array {
  if (starts[file] !== starts[file + 1]) throw new RangeError(`file ${file} was not hashed to its end`);
  return NO_BYTES;
}
