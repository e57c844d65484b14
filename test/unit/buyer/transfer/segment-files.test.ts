import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { datasetFiles } from '../../../../client/buyer/dataset-files.ts';
import { readSegment, segmentWriter } from '../../../../client/buyer/transfer/segment-files.ts';
import { segmentMover } from '../../../../client/buyer/transfer/segment-mover.ts';
import { segmentCount, segmentSpan } from '../../../../shared/dataset/layout.ts';
import { hash } from '../../../support/buyer-world.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'segments-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Files of any sizes, empty ones among them, laid end to end and cut anyhow. */
const layouts = fc
  .record({
    sizes: fc.array(fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 700 })), {
      minLength: 1,
      maxLength: 12,
    }),
    segmentSize: fc.integer({ min: 1, max: 300 }),
    segmentsPerChunk: fc.integer({ min: 1, max: 5 }),
    seed: fc.integer(),
    cut: fc.integer({ min: 1, max: 200 }),
  })
  .filter(({ sizes }) => sizes.some((size) => size > 0));

function shuffled<T>(list: readonly T[], seed: number): T[] {
  const key = (_: T, index: number) => hash(Buffer.from(`${seed} ${index}`)).toString('hex');
  return list
    .map((value, index) => [key(value, index), value] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, value]) => value);
}

test('segments written in any order, broken off and gone on with anywhere, are the very files', async () => {
  let run = 0;
  await fc.assert(
    fc.asyncProperty(layouts, async ({ sizes, segmentSize, segmentsPerChunk, seed, cut }) => {
      run += 1;
      const output = join(folder, run.toString());
      const files = sizes.map((size, index) => ({ path: `${index % 3}/deep/${index}`, size }));
      const data = Buffer.concat(sizes.map((size, index) => Buffer.alloc(size, hash(Buffer.from([index])))));
      const shape = { totalSize: data.length, chunkSize: segmentSize * segmentsPerChunk, segmentSize };
      const there = await datasetFiles(output, files, '.partial');
      const spans = Array.from({ length: Math.ceil(data.length / shape.chunkSize) }, (_, chunk) =>
        Array.from({ length: segmentCount(shape, chunk) }, (__, segment) =>
          segmentSpan(shape, chunk, segment),
        ),
      ).flat();
      for (const span of shuffled(spans, seed)) {
        const bytes = data.subarray(span.start, span.start + span.length);
        const first = Math.min(cut, span.length);
        write(there.place(span), 0, bytes.subarray(0, first), 7);
        write(there.place(span), first, bytes.subarray(first), cut);
        const read: Buffer[] = [];
        expect(readSegment(there.place(span), span.length, (part) => read.push(Buffer.from(part)))).toBe(
          span.length,
        );
        expect(Buffer.concat(read).equals(bytes)).toBe(true);
      }
      await there.finish();
      const found = Buffer.concat(files.map(({ path }) => readFileSync(join(output, path))));
      expect(found.equals(data)).toBe(true);
      expect(files.map(({ path }) => readFileSync(join(output, path)).length)).toEqual(sizes);
      rmSync(output, { recursive: true });
    }),
    { numRuns: 25, seed: 5 },
  );
});

function write(place: Parameters<typeof segmentWriter>[0], from: number, bytes: Buffer, step: number): void {
  const writer = segmentWriter(place, from);
  for (let at = 0; at < bytes.length; at += step) void writer.write(bytes.subarray(at, at + step), false);
  void writer.close();
}

describe('a segment', () => {
  const place = () => ({
    output: folder,
    partial: join(folder, '.partial'),
    pieces: [
      { path: 'a', size: 3_000, offset: 1_000, length: 2_000 },
      { path: 'b/c', size: 500_000, offset: 0, length: 400_000 },
    ],
  });
  const mover = segmentMover({ environment: {}, stallTimeout: 1_000 });

  test('that nobody has begun is nothing', () => {
    expect(mover.look(place(), 402_000)).toEqual({ hash: undefined, length: 0 });
  });

  test('that was broken off is held up to its last byte', () => {
    const bytes = Buffer.alloc(300_000, 'x');
    write(place(), 0, bytes, 100_000);
    const all = Buffer.concat([bytes, Buffer.alloc(102_000)]);
    expect(mover.look(place(), 402_000)).toEqual({ hash: hash(all).toString('hex'), length: 300_000 });
  });

  test('whose first file is missing is nothing, whatever the second holds', () => {
    write(place(), 0, Buffer.alloc(402_000, 'x'), 402_000);
    rmSync(join(folder, '.partial/a'));
    expect(mover.look(place(), 402_000)).toEqual({ hash: undefined, length: 0 });
  });

  test('that takes no more than it is long', () => {
    expect(() => write(place(), 0, Buffer.alloc(402_001), 402_001)).toThrow(
      new RangeError('more bytes than the segment holds'),
    );
  });

  test('is not written over a finished file, nor read through a link', () => {
    writeFileSync(join(folder, 'a'), Buffer.alloc(3_000, 'f'));
    write(place(), 0, Buffer.alloc(402_000, 'x'), 402_000);
    expect(readFileSync(join(folder, 'a')).equals(Buffer.alloc(3_000, 'f'))).toBe(true);
    expect(readdirSync(join(folder, '.partial'))).toEqual(['b']);
    mkdirSync(join(folder, 'elsewhere'));
    writeFileSync(join(folder, 'elsewhere/c'), Buffer.alloc(500_000, 'e'));
    symlinkSync('elsewhere', join(folder, 'b'));
    const seen: string[] = [];
    readSegment(place(), 402_000, (part) => seen.push(part.toString().slice(-1)));
    expect([...new Set(seen)]).toEqual(['f', 'x']);
  });
});
