import { inParallel } from '../../../../client/seller/in-parallel.ts';

test('everything is done once, never more than the width at a time', async () => {
  const done: number[] = [];
  let running = 0;
  let most = 0;
  await inParallel(20, 3, async (index) => {
    most = Math.max(most, ++running);
    await new Promise(setImmediate);
    running--;
    done.push(index);
  });
  expect(most).toBe(3);
  expect(done.sort((one, other) => one - other)).toEqual(Array.from({ length: 20 }, (_, index) => index));
});

test('after a failure nothing is begun, what was begun is waited for, and the first failure is thrown', async () => {
  const begun: number[] = [];
  let ended = 0;
  const work = inParallel(20, 3, async (index) => {
    begun.push(index);
    await new Promise(setImmediate);
    if (index === 1) throw new Error('the first');
    await new Promise(setImmediate);
    ended++;
    if (index === 2) throw new Error('the second');
  });
  await expect(work).rejects.toThrow('the first');
  expect(begun).toEqual([0, 1, 2]);
  expect(ended).toBe(2);
});
