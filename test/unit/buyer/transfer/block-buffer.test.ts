import fc from 'fast-check';
import { BLOCK_BYTES } from '../../../../client/buyer/transfer/aligned-memory.ts';
import { blockBuffer, type Take } from '../../../../client/buyer/transfer/block-buffer.ts';
import { patternBytes } from '../../../support/buyer-world.ts';

const data = patternBytes(3 * BLOCK_BYTES + 12_345);

/** A disk that takes its time, and writes what lies in the memory when it is done. */
function slowDisk() {
  const written: Buffer[] = [];
  const busy: (() => void)[] = [];
  let mayBeLate = true;
  const take: Take = (bytes, mayWait) => {
    const index = written.push(Buffer.alloc(0)) - 1;
    const write = () => {
      written[index] = Buffer.from(bytes);
    };
    if (!mayWait || !mayBeLate) {
      write();
      return { wait: 0 };
    }
    return {
      wait: 0,
      written: new Promise((resolve) => {
        busy.push(() => {
          write();
          resolve();
        });
      }),
    };
  };
  return {
    take,
    /** Finishes the oldest write. */
    async finish() {
      busy.shift()?.();
      // What waits for it begins in its turn of the queue.
      for (let turn = 0; turn < 8; turn++) await Promise.resolve();
    },
    atOnce() {
      mayBeLate = false;
    },
    busy: () => busy.length,
    holds: () => Buffer.concat(written),
  };
}

/** Puts bytes into the room there is, as a socket does. @returns how many */
function read(buffer: ReturnType<typeof blockBuffer>, from: number, most: number, limit: number): number {
  const room = buffer.room(limit);
  const count = Math.min(room.length, most, data.length - from);
  room.set(data.subarray(from, from + count));
  buffer.add(room, count);
  return count;
}

test('whatever comes however the disk is busy is taken once, in order, and as it was', async () => {
  const steps = fc.array(
    fc.record({
      most: fc.oneof(fc.integer({ min: 1, max: 5_000 }), fc.integer({ min: 100_000, max: BLOCK_BYTES })),
      next: fc.constantFrom('read', 'finish', 'give', 'now', 'at once'),
    }),
    { minLength: 5, maxLength: 40 },
  );
  await fc.assert(
    fc.asyncProperty(steps, fc.nat({ max: 4095 }), async (all, lead) => {
      const disk = slowDisk();
      const buffer = blockBuffer();
      // An answer's head, and the first bytes of its body.
      let from = read(buffer, 0, 100, 1_000);
      buffer.cut(0, lead);
      for (const { most, next } of all) {
        from += read(buffer, from, most, BLOCK_BYTES);
        const isFull = buffer.room(BLOCK_BYTES).length === 0;
        if (isFull || next === 'give') void buffer.give(disk.take);
        if (next === 'now') buffer.giveNow(disk.take, true);
        if (next === 'finish') await disk.finish();
        if (next === 'at once') disk.atOnce();
      }
      buffer.giveNow(disk.take, true);
      while (disk.busy() > 0) await disk.finish();
      expect(disk.holds().equals(data.subarray(0, from))).toBe(true);
      buffer.close();
    }),
    { numRuns: 60, seed: 7 },
  );
});

test('a second block waits for the first, a third for nobody: then all is taken at once', async () => {
  const disk = slowDisk();
  const buffer = blockBuffer();
  const fill = (from: number) => read(buffer, from, BLOCK_BYTES, BLOCK_BYTES);
  let from = fill(0);
  expect(buffer.give(disk.take)).toBe(0);
  from += fill(from);
  const second = buffer.give(disk.take);
  expect([typeof second, buffer.isWaiting(), disk.busy()]).toEqual(['object', true, 1]);
  await disk.finish();
  expect([await second, buffer.isWaiting(), disk.busy()]).toEqual([0, false, 1]);
  from += fill(from);
  const third = buffer.give(disk.take);
  from += read(buffer, from, 1_000, BLOCK_BYTES);
  expect([buffer.give(disk.take), buffer.isWaiting()]).toEqual([0, false]);
  await disk.finish();
  expect(await third).toBe(0);
  expect(disk.holds().equals(data.subarray(0, from))).toBe(true);
});

test('a write that fails is told to whoever waits for the disk', async () => {
  const buffer = blockBuffer();
  read(buffer, 0, BLOCK_BYTES, BLOCK_BYTES);
  expect(buffer.give(() => ({ wait: 0, written: Promise.reject(new Error('EIO')) }))).toBe(0);
  read(buffer, BLOCK_BYTES, 1_000, BLOCK_BYTES);
  await expect(buffer.give(() => ({ wait: 0 }))).rejects.toThrow('EIO');
});

test('what comes lies beyond a page as it will in the file, and wherever room was last asked for', async () => {
  const disk = slowDisk();
  const buffer = blockBuffer();
  const body = read(buffer, 0, 5_000, BLOCK_BYTES);
  buffer.cut(0, 1_234);
  void buffer.give(disk.take);
  const room = buffer.room(BLOCK_BYTES);
  expect(room.byteOffset).toBe((1_234 + body) % 4_096);
  // The next answer begins while a socket still has the room of the last one.
  buffer.clear();
  room.set(data.subarray(body, body + 100));
  buffer.add(room, 100);
  expect(buffer.bytes()).toEqual(data.subarray(body, body + 100));
});
