import fc from 'fast-check';
import {
  chunkSpan,
  fileStarts,
  filesOfSpan,
  type Shape,
  segmentAt,
  segmentCount,
  segmentSpan,
  segmentTotal,
} from '../../../shared/dataset/layout.ts';
import { chunkCount } from '../../../shared/protocol/price.ts';

/** Small sizes on purpose: the arithmetic is the same, and every edge is hit. */
const datasets = fc
  .record({
    sizes: fc.array(fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 40 })), {
      minLength: 1,
      maxLength: 12,
    }),
    segmentSize: fc.integer({ min: 1, max: 9 }),
    segmentsPerChunk: fc.integer({ min: 1, max: 5 }),
    ragged: fc.integer({ min: 0, max: 3 }),
  })
  .filter(({ sizes }) => sizes.some((size) => size > 0))
  .map(({ sizes, segmentSize, segmentsPerChunk, ragged }) => {
    const files = sizes.map((size, index) => ({ path: `f${index}`, size }));
    const chunkSize =
      segmentSize * segmentsPerChunk + (segmentsPerChunk > 1 ? Math.min(ragged, segmentSize - 1) : 0);
    const totalSize = sizes.reduce((sum, size) => sum + size, 0);
    return { files, shape: { totalSize, chunkSize, segmentSize }, starts: fileStarts(files) };
  });

const segmentsOf = (shape: Shape) =>
  Array.from({ length: chunkCount(shape) }, (_, chunk) =>
    Array.from({ length: segmentCount(shape, chunk) }, (_, segment) => ({ chunk, segment })),
  ).flat();

/** Every byte as `file:offset`, by the definition: files laid end to end. */
const allBytes = (files: readonly { size: number }[]) =>
  files.flatMap(({ size }, file) => Array.from({ length: size }, (_, offset) => `${file}:${offset}`));

describe('layout', () => {
  test('segments tile the dataset in order, without gap or overlap', () => {
    fc.assert(
      fc.property(datasets, ({ shape }) => {
        let position = 0;
        for (const { chunk, segment } of segmentsOf(shape)) {
          const span = segmentSpan(shape, chunk, segment);
          expect(span.start).toBe(position);
          expect(span.length).toBeGreaterThan(0);
          expect(span.length).toBeLessThanOrEqual(shape.segmentSize);
          position += span.length;
          expect(position).toBeLessThanOrEqual(
            chunkSpan(shape, chunk).start + chunkSpan(shape, chunk).length,
          );
        }
        expect(position).toBe(shape.totalSize);
      }),
    );
  });

  test('the pieces of files that segments cover are the dataset, byte for byte', () => {
    fc.assert(
      fc.property(datasets, ({ files, shape, starts }) => {
        const bytes = segmentsOf(shape).flatMap(({ chunk, segment }) => {
          const span = segmentSpan(shape, chunk, segment);
          const pieces = filesOfSpan(starts, span);
          let at = 0;
          for (const piece of pieces) {
            expect(piece.at).toBe(at);
            expect(piece.length).toBeGreaterThan(0);
            at += piece.length;
          }
          expect(at).toBe(span.length);
          return pieces.flatMap(({ file, offset, length }) =>
            Array.from({ length }, (_, index) => `${file}:${offset + index}`),
          );
        });
        expect(bytes).toEqual(allBytes(files));
      }),
    );
  });

  test('segments counted through are those of the chunks, one after another', () => {
    fc.assert(
      fc.property(datasets, ({ shape }) => {
        const through = Array.from({ length: segmentTotal(shape) }, (_, index) => segmentAt(shape, index));
        expect(through).toEqual(segmentsOf(shape));
      }),
    );
  });

  test('empty files have no bytes anywhere', () => {
    const files = [0, 0, 5, 0, 3, 0].map((size, index) => ({ path: `${index}`, size }));
    const starts = fileStarts(files);
    expect(filesOfSpan(starts, { start: 0, length: 8 })).toEqual([
      { file: 2, offset: 0, length: 5, at: 0 },
      { file: 4, offset: 0, length: 3, at: 5 },
    ]);
  });

  test('sizes beyond 32 bits are exact', () => {
    const files = [
      { path: 'a', size: 2 ** 45 + 1 },
      { path: 'b', size: 10 },
    ];
    const span = { start: 2 ** 45, length: 3 };
    expect(filesOfSpan(fileStarts(files), span)).toEqual([
      { file: 0, offset: 2 ** 45, length: 1, at: 0 },
      { file: 1, offset: 0, length: 2, at: 1 },
    ]);
  });

  test('what lies outside is refused', () => {
    const shape = { totalSize: 10, chunkSize: 4, segmentSize: 2 };
    expect(() => chunkSpan(shape, 3)).toThrow('there is no chunk 3');
    expect(() => chunkSpan(shape, -1)).toThrow('there is no chunk -1');
    expect(() => segmentSpan(shape, 2, 1)).toThrow('chunk 2 has no segment 1');
    expect(() => segmentSpan(shape, 0, 0.5)).toThrow('chunk 0 has no segment 0.5');
  });
});
