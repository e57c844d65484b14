import {
  dollars,
  monthOfStorage,
  oneChunk,
  onePublication,
  oneSale,
  sum,
  times,
} from '../../shared/cost-model.ts';
import { type Shape, type Span, segmentAt, segmentSpan, segmentTotal } from '../../shared/dataset/layout.ts';
import { chunkCount } from '../../shared/protocol/price.ts';

/** What a publication would take of the seller. Dollars are an estimate by AWS's list prices, in us-east-1. */
export interface PublishEstimate {
  /** Bytes through this machine; the rest the store copies by itself. */
  readonly transferred: number;
  /** Requests that S3 counts as writes. */
  readonly writes: number;
  readonly publishDollars: number;
  readonly storageDollarsPerMonth: number;
  /** One sale of all of it, what leaves S3 included. */
  readonly saleDollars: number;
}

/** @param transferred bytes that go through this machine for a span */
export function publishEstimate(shape: Shape, transferred: (span: Span) => number): PublishEstimate {
  const parts = segmentTotal(shape);
  let bytes = 0;
  for (let index = 0; index < parts; index++) {
    const { chunk, segment } = segmentAt(shape, index);
    bytes += transferred(segmentSpan(shape, chunk, segment));
  }
  const usage = onePublication(chunkCount(shape), parts);
  const chunks = times(oneChunk(shape.chunkSize), shape.totalSize / shape.chunkSize);
  return {
    transferred: bytes,
    writes: usage.objectPut ?? 0,
    publishDollars: dollars(usage),
    storageDollarsPerMonth: dollars(monthOfStorage(shape.totalSize)),
    saleDollars: dollars(sum(oneSale(), chunks)),
  };
}
