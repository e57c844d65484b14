import { rateLimit, sharedRate } from '../../../../client/buyer/transfer/rate-limit.ts';

const SECOND = 1_000_000_000n;
let now = 0n;
const clock = () => now;

/** @returns milliseconds that a worker was told to wait */
function two(rate: number) {
  const shared = sharedRate(rate);
  now = 10n * SECOND;
  return [rateLimit(shared, clock), rateLimit(shared, clock)] as const;
}

test('what one worker takes, the other waits for', () => {
  const [one, other] = two(1_000_000);
  expect(one.take(100_000)).toBe(0);
  expect(one.take(500_000)).toBe(500);
  expect(other.take(250_000)).toBe(750);
  now += SECOND;
  expect(other.take(0)).toBe(0);
});

test('a pause is not made up for by more than a tenth of a second', () => {
  const [one] = two(1_000_000);
  now += 3_600n * SECOND;
  expect(one.take(1_000_000)).toBe(900);
});

test('over a minute exactly so many bytes pass', () => {
  const [one, other] = two(1_000_000);
  const end = now + 60n * SECOND;
  let bytes = 0;
  for (let turn = 0; now < end; turn++) {
    bytes += 32_768;
    now += BigInt((turn % 2 === 0 ? one : other).take(32_768)) * 1_000_000n;
  }
  expect(bytes).toBeGreaterThan(59_900_000);
  expect(bytes).toBeLessThan(60_300_000);
});
