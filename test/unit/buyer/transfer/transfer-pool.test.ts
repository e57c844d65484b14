import type { Held } from '../../../../client/buyer/transfer/outcome.ts';
import type { SegmentWorker } from '../../../../client/buyer/transfer/segment-worker-tasks.ts';
import { transferPool } from '../../../../client/buyer/transfer/transfer-pool.ts';

const HELD: Held = { hash: undefined, length: 0 };
const place = () => ({ output: '', partial: '', pieces: [] });
const { signal } = new AbortController();

/** Three workers that look for as long as the test wants. */
function threeWorkers(connections: number) {
  const looks: (() => void)[] = [];
  const events: string[] = [];
  const start = (name: string) => (): SegmentWorker => {
    events.push(`${name} starts`);
    return {
      look: () => {
        events.push(`${name} looks`);
        return new Promise((resolve) => looks.push(() => resolve(HELD)));
      },
      fetch: () => Promise.reject(new Error('nothing is fetched here')),
      close: async () => {
        events.push(`${name} ends`);
      },
    };
  };
  const pool = transferPool(['a', 'b', 'c'].map(start), connections);
  const look = () => pool.look(0, signal, place, 1);
  return { pool, look, events, seen: () => looks.shift()?.() };
}

const everything = () => new Promise((resolve) => setImmediate(resolve));

test('a pool that moves nothing starts no worker', async () => {
  const { pool, events } = threeWorkers(8);
  await pool.close();
  expect(events).toEqual([]);
});

test('one thing after another is done by one worker', async () => {
  const { pool, look, events, seen } = threeWorkers(8);
  for (let times = 0; times < 2; times++) {
    const looking = look();
    await everything();
    seen();
    await looking;
  }
  await pool.close();
  expect(events).toEqual(['a starts', 'a looks', 'a looks', 'a ends']);
});

test('another worker starts when those that run are busy, and none beyond the connections', async () => {
  const { pool, look, events, seen } = threeWorkers(2);
  const looking = [look(), look(), look()];
  await everything();
  expect(events).toEqual(['a starts', 'a looks', 'b starts', 'b looks']);
  for (const _ of looking) {
    seen();
    await everything();
  }
  expect(await Promise.all(looking)).toEqual([HELD, HELD, HELD]);
  await pool.close();
  expect(events.slice(4)).toEqual(['a looks', 'a ends', 'b ends']);
});

test('a worker that does not start fails what wanted it, and what comes then is tried again', async () => {
  let starts = 0;
  const start = (): SegmentWorker => {
    starts += 1;
    throw new Error('no thread');
  };
  const pool = transferPool([start], 1);
  await expect(pool.look(0, signal, place, 1)).rejects.toThrow('no thread');
  await expect(pool.look(0, signal, place, 1)).rejects.toThrow('no thread');
  expect(starts).toBe(2);
  await pool.close();
});
