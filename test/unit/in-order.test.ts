import { inOrder } from '../../shared/in-order.ts';

/** Work that ends only when it is told to. */
function gates() {
  const open = new Map<number, () => void>();
  return {
    running: () => [...open.keys()],
    work: (index: number) => () =>
      new Promise<void>((resolve) => {
        open.set(index, () => {
          open.delete(index);
          resolve();
        });
      }),
    end: (index: number) => open.get(index)?.(),
  };
}

/** Lets everything happen that waits for nothing but other promises. */
const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

test('so much at a time, prepared one after another and only once there is room', async () => {
  const { running, work, end } = gates();
  const prepared: number[] = [];
  const all = inOrder(5, 2, async (index) => {
    prepared.push(index);
    return work(index);
  });
  await settled();
  expect([running(), prepared]).toEqual([
    [0, 1],
    [0, 1],
  ]);
  end(1);
  await settled();
  expect([running(), prepared]).toEqual([
    [0, 2],
    [0, 1, 2],
  ]);
  for (const index of [0, 2, 3, 4]) {
    end(index);
    await settled();
  }
  await all;
  expect(prepared).toEqual([0, 1, 2, 3, 4]);
});

test('ends where there is no more', async () => {
  const done: number[] = [];
  await inOrder(Number.POSITIVE_INFINITY, 2, async (index) =>
    index === 3 ? undefined : async () => void done.push(index),
  );
  expect(done).toEqual([0, 1, 2]);
});

test.each(['work', 'preparation'])(
  'after a failure of %s nothing more is begun, and what was is waited for',
  async (what) => {
    const { running, work, end } = gates();
    const failing = new Error('no');
    const prepared: number[] = [];
    const outcome: string[] = [];
    const all = inOrder(9, 2, async (index) => {
      prepared.push(index);
      if (index === 1 && what === 'preparation') throw failing;
      return index === 1 ? () => Promise.reject(failing) : work(index);
    });
    all.then(
      () => outcome.push('done'),
      () => outcome.push('failed'),
    );
    await settled();
    expect([running(), prepared, outcome]).toEqual([[0], [0, 1], []]);
    end(0);
    await expect(all).rejects.toBe(failing);
  },
);
