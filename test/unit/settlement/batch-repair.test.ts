import { type MemberTest, repairBatch } from '../../../shared/settlement/batch-repair.ts';

const tested = (...tests: readonly MemberTest[]) => tests.map((test, index) => ({ member: index, test }));

test.each<[MemberTest, string | undefined]>([
  ['accepted', undefined],
  ['unanswered', undefined],
  ['fee-too-low', undefined],
  ['replacement-too-low', undefined],
  ['mempool-full', undefined],
  ['already-known', 'settled-alone'],
  ['missing-inputs', 'missing-inputs'],
  ['truc-violation', 'funding-unconfirmed'],
  ['non-final', 'invalid'],
  ['rejected', 'invalid'],
])('a member that is %s alone: dropped as %s', (test, reason) => {
  const { dropped } = repairBatch(tested('accepted', test));
  expect(dropped).toEqual(reason ? [{ member: 1, reason }] : []);
});

test('70 channels, one poisoned: the other 69 go again at once and together', () => {
  const tests = Array.from(
    { length: 70 },
    (_, index): MemberTest => (index === 33 ? 'rejected' : 'accepted'),
  );
  const { rebuilt, dropped } = repairBatch(tested(...tests));
  expect(rebuilt).toEqual([Array.from({ length: 70 }, (_, index) => index).filter((index) => index !== 33)]);
  expect(dropped).toEqual([{ member: 33, reason: 'invalid' }]);
});

test('nobody fails alone: halves, down to single channels', () => {
  expect(repairBatch(tested('accepted', 'accepted', 'unanswered')).rebuilt).toEqual([[0, 1], [2]]);
  expect(repairBatch(tested('accepted')).rebuilt).toEqual([[0]]);
});

test('everybody fails: nothing is built', () => {
  expect(repairBatch(tested('missing-inputs', 'truc-violation'))).toMatchObject({ rebuilt: [] });
});
