import { allowance } from '../../../../client/buyer/transfer/allowance.ts';

test('refusals of one moment halve the transfers once, later ones again, down to one', () => {
  const allowed = allowance(8);
  const began = allowed.reductions();
  for (let refusal = 0; refusal < 8; refusal++) allowed.reduce(began);
  expect(allowed.now()).toBe(4);
  const seen = Array.from({ length: 3 }, () => {
    allowed.reduce(allowed.reductions());
    return allowed.now();
  });
  expect(seen).toEqual([2, 1, 1]);
});

test('after some segments without trouble one more is tried, up to what was asked for', () => {
  const allowed = allowance(3);
  allowed.reduce(allowed.reductions());
  const seen = Array.from({ length: 16 }, () => {
    allowed.calm();
    return allowed.now();
  });
  expect(seen).toEqual([1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 3, 3, 3, 3, 3]);
});
