import { closeSync, constants, mkdtempSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { giveBackBlock, takeBlock } from '../../../../client/buyer/transfer/aligned-memory.ts';
import { pieceFile } from '../../../../client/buyer/transfer/piece-file.ts';
import { patternBytes } from '../../../support/buyer-world.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pieces-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const PAGE = 4096;
const open = () => openSync(join(folder, 'piece'), constants.O_RDWR | constants.O_CREAT);

/** Descriptors of this process that go past the page cache (proc(5), fdinfo). */
function directOnes(): number {
  return readdirSync('/proc/self/fdinfo').filter((file) => {
    const [, flags = '0'] = /flags:\s+(\d+)/.exec(textOf(`/proc/self/fdinfo/${file}`)) ?? [];
    return (Number.parseInt(flags, 8) & constants.O_DIRECT) !== 0;
  }).length;
}

/** The one that lists the folder is gone when it is looked at. */
function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** Not every file system of a temporary folder does. */
function takesDirectWrites(): boolean {
  try {
    closeSync(openSync(join(folder, 'probe'), constants.O_WRONLY | constants.O_CREAT | constants.O_DIRECT));
    return true;
  } catch {
    return false;
  }
}

const runs = fc.array(
  fc.record({
    gap: fc.nat({ max: 3 * PAGE }),
    length: fc.oneof(fc.integer({ min: 1, max: 3 * PAGE }), fc.integer({ min: 60 * PAGE, max: 140 * PAGE })),
    // 0: it lies in memory as in the file.
    shift: fc.oneof(fc.constant(0), fc.constant(0), fc.integer({ min: 1, max: PAGE - 1 })),
  }),
  { minLength: 1, maxLength: 6 },
);

test('whatever is written where, from whatever memory, is what the file holds', async () => {
  const data = patternBytes(1_000_000);
  const block = takeBlock();
  await fc.assert(
    fc.asyncProperty(runs, async (all) => {
      const wanted = Buffer.alloc(1_200_000 * 6);
      const file = pieceFile(open(), wanted.length);
      let end = 0;
      for (const { gap, length, shift } of all) {
        const position = end + gap;
        const bytes = block.subarray((position % PAGE) + shift, (position % PAGE) + shift + length);
        bytes.set(data.subarray(gap, gap + length));
        wanted.set(bytes, position);
        await file.write(bytes, position, true);
        end = position + length;
      }
      file.close();
      const found = readFileSync(join(folder, 'piece'));
      expect(found.equals(wanted.subarray(0, end))).toBe(true);
      rmSync(join(folder, 'piece'));
    }),
    { numRuns: 40, seed: 11 },
  );
  giveBackBlock(block);
});

test('whole pages go past the page cache, a few bytes do not', async () => {
  const block = takeBlock().fill(7);
  const before = directOnes();
  const file = pieceFile(open(), 1_000_000);
  expect(file.write(block.subarray(0, 100_000), 0, true)).toBeUndefined();
  expect(directOnes()).toBe(before);
  const written = file.write(block.subarray(100_000 % PAGE, (100_000 % PAGE) + 900_000), 100_000, true);
  expect(directOnes() - before).toBe(takesDirectWrites() ? 1 : 0);
  // The disk may be at it still: the file stays open as long.
  file.close();
  await written;
  expect(directOnes()).toBe(before);
  expect(readFileSync(join(folder, 'piece')).equals(Buffer.alloc(1_000_000, 7))).toBe(true);
  giveBackBlock(block);
});

test('what takes no such writes is written all the same', () => {
  const block = takeBlock();
  const file = pieceFile(openSync('/dev/null', 'w'), block.length);
  expect(file.write(block, 0, true)).toBeUndefined();
  file.close();
  giveBackBlock(block);
});

test('memory that only seems to begin at a page is written all the same', async () => {
  const bytes = new Uint8Array(patternBytes(1_000_000).buffer, 0, 500_000);
  const file = pieceFile(open(), bytes.length);
  await file.write(bytes, 0, true);
  file.close();
  expect(readFileSync(join(folder, 'piece')).equals(bytes)).toBe(true);
});

test('what must not be looked at afterwards is written at once', () => {
  const block = takeBlock().fill(5);
  const file = pieceFile(open(), block.length);
  expect(file.write(block, 0, false)).toBeUndefined();
  block.fill(6);
  file.close();
  expect(readFileSync(join(folder, 'piece')).every((byte) => byte === 5)).toBe(true);
  giveBackBlock(block);
});

test('what the disk refuses is not hidden', () => {
  const block = takeBlock();
  const file = pieceFile(openSync('/dev/full', 'w'), block.length);
  expect(() => file.write(block, 0, true)).toThrow(expect.objectContaining({ code: 'ENOSPC' }));
  file.close();
  giveBackBlock(block);
});
