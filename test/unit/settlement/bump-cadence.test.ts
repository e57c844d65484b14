import { bumpInterval, mayBump, nextBumpHeight } from '../../../shared/settlement/bump-cadence.ts';
import { L } from './support.ts';

test.each([
  [144, 15],
  [16, 15],
  [15, 3],
  [4, 3],
  [3, 1],
  [1, 1],
  [0, 1],
  [-50, 1],
])('with %i blocks left a bump every %i', (left, every) => {
  expect(bumpInterval(left)).toBe(every);
});

test.each([
  ['14 blocks after, far from L', 860, 874, false],
  ['15 blocks after, far from L', 860, 875, true],
  ['signed 16 before L: not at 15', 984, 985, false],
  ['signed 16 before L: at 13, not 15 blocks later', 984, 987, true],
  ['2 blocks after with 4 left', 994, 996, false],
  ['1 block after with 3 left', 996, 997, true],
  ['the same block again', 997, 997, false],
  ['a tip that fell behind', 997, 990, false],
])('%s', (_, signedAt, tip, may) => {
  expect(mayBump(signedAt, tip, L)).toBe(may);
});

test('the next bump is the first height that may have one, for every height of a channel', () => {
  for (let signedAt = L - 200; signedAt < L + 10; signedAt += 1) {
    let tip = signedAt + 1;
    while (!mayBump(signedAt, tip, L)) tip += 1;
    expect([signedAt, nextBumpHeight(signedAt, L)]).toEqual([signedAt, tip]);
  }
});
