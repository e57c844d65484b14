import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { fileHasher } from '../../../../client/seller/file-hasher.ts';
import { fileStarts } from '../../../../shared/dataset/layout.ts';

const sha256 = (bytes: Uint8Array) => new Uint8Array(createHash('sha256').update(bytes).digest());

/** Files of all lengths cut into spans of one, of which some are known, some spans passed over, and some come twice. */
const cases = fc.record({
  sizes: fc.array(fc.integer({ min: 0, max: 7 }), { minLength: 1, maxLength: 9 }),
  spanLength: fc.integer({ min: 1, max: 9 }),
  known: fc.array(fc.boolean(), { minLength: 9, maxLength: 9 }),
  repeatFrom: fc.integer({ min: 0, max: 9 }),
});

test('every file has the hash of its bytes, however it is cut and whatever was known before', async () => {
  await fc.assert(
    fc.asyncProperty(cases, async ({ sizes, spanLength, known, repeatFrom }) => {
      const files = sizes.map((size, index) => ({ path: `${index}`, size }));
      const starts = fileStarts(files);
      const total = starts.at(-1) ?? 0;
      const bytes = Uint8Array.from({ length: total }, (_, index) => (index * 31) % 251);
      const expected = files.map((_, index) => sha256(bytes.subarray(starts[index], starts[index + 1])));
      const before = new Map(
        expected.flatMap((hash, index): [number, Uint8Array][] =>
          known[index] && sizes[index] !== 0 ? [[index, hash]] : [],
        ),
      );
      const remembered = new Map(before);
      const hasher = fileHasher(starts, {
        hashed: before,
        async remember(hashes) {
          for (const [file, hash] of hashes) remembered.set(file, hash);
        },
      });
      const spans = Array.from({ length: Math.ceil(total / spanLength) }, (_, index) => ({
        start: index * spanLength,
        length: Math.min(spanLength, total - index * spanLength),
      }));
      // As after an upload that was lost: everything from the beginning, and then the rest.
      for (const span of [...spans.slice(0, repeatFrom), ...spans]) {
        if (hasher.needs(span)) await hasher.feed(span, bytes.subarray(span.start, span.start + span.length));
      }
      expect(hasher.hashes()).toEqual(expected);
      expect([...remembered.keys()].sort()).toEqual(
        [...files.keys()].filter((index) => sizes[index] !== 0).sort(),
      );
    }),
    { seed: 5, numRuns: 300 },
  );
});

test('what was not read to its end has no hash', async () => {
  const hasher = fileHasher(fileStarts([{ path: 'a', size: 2 }]), {
    hashed: new Map(),
    remember: async () => {},
  });
  await hasher.feed({ start: 0, length: 1 }, Uint8Array.of(1));
  expect(() => hasher.hashes()).toThrow('file 0 was not hashed to its end');
});
