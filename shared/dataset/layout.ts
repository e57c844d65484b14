import { chunkCount, chunkSizeAt, type DatasetShape } from '../protocol/price.ts';

/** Where bytes are: files laid end to end, cut into chunks, and those into segments. All numbers are bytes or indices. */

export interface Shape extends DatasetShape {
  readonly segmentSize: number;
}

export interface SizedFile {
  readonly path: string;
  readonly size: number;
}

/** A run of bytes of the dataset. */
export interface Span {
  readonly start: number;
  readonly length: number;
}

/** A run of bytes of one file. */
export interface FileSpan {
  /** Index in the list of files. */
  readonly file: number;
  /** Where it begins in the file. */
  readonly offset: number;
  readonly length: number;
  /** Where it begins in the span that was asked for. */
  readonly at: number;
}

/** How many segments the dataset's chunk `chunk` has. */
export function segmentCount(shape: Shape, chunk: number): number {
  return Math.ceil(chunkSizeAt(shape, chunk) / shape.segmentSize);
}

/** How many segments all chunks have together. */
export function segmentTotal(shape: Shape): number {
  const last = chunkCount(shape) - 1;
  return last * segmentCount(shape, 0) + segmentCount(shape, last);
}

/** Which segment of which chunk is the dataset's segment `index`, counted through: only the last chunk is shorter. */
export function segmentAt(shape: Shape, index: number): { readonly chunk: number; readonly segment: number } {
  const each = segmentCount(shape, 0);
  return { chunk: Math.floor(index / each), segment: index % each };
}

/** A chunk's place in the dataset. */
export function chunkSpan(shape: Shape, chunk: number): Span {
  if (!Number.isInteger(chunk) || chunk < 0 || chunk >= chunkCount(shape)) {
    throw new RangeError(`there is no chunk ${chunk}`);
  }
  return { start: chunk * shape.chunkSize, length: chunkSizeAt(shape, chunk) };
}

/** A segment's place in the dataset. */
export function segmentSpan(shape: Shape, chunk: number, segment: number): Span {
  const { start, length } = chunkSpan(shape, chunk);
  if (!Number.isInteger(segment) || segment < 0 || segment >= segmentCount(shape, chunk)) {
    throw new RangeError(`chunk ${chunk} has no segment ${segment}`);
  }
  const offset = segment * shape.segmentSize;
  return { start: start + offset, length: Math.min(shape.segmentSize, length - offset) };
}

/** Where each file begins in the dataset, and at the end where the last one ends. */
export function fileStarts(files: readonly SizedFile[]): Float64Array {
  const starts = new Float64Array(files.length + 1);
  files.forEach((file, index) => {
    starts[index + 1] = (starts[index] ?? 0) + file.size;
  });
  return starts;
}

/**
 * The pieces of files that make up a span, in order; empty files have none.
 * @param starts as `fileStarts` answers
 */
export function filesOfSpan(starts: Float64Array, span: Span): FileSpan[] {
  const end = span.start + span.length;
  const pieces: FileSpan[] = [];
  for (let file = fileAt(starts, span.start); file < starts.length - 1; file++) {
    const fileStart = starts[file] ?? 0;
    if (fileStart >= end) break;
    const from = Math.max(fileStart, span.start);
    const length = Math.min(starts[file + 1] ?? 0, end) - from;
    if (length > 0) pieces.push({ file, offset: from - fileStart, length, at: from - span.start });
  }
  return pieces;
}

/** The last file that begins at or before a position: binary search, as datasets have up to half a million files. */
function fileAt(starts: Float64Array, position: number): number {
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((starts[middle] ?? 0) <= position) low = middle;
    else high = middle - 1;
  }
  // Empty files begin where the one after them does; the last of them has the bytes.
  return low;
}
