import { readBounded } from '../../client/buyer/bounded-body.ts';
import { BuyerError } from '../../client/buyer/errors.ts';
import { answerText } from '../../shared/chain/answer-text.ts';
import { ChainUnavailable } from '../../shared/chain/chain.ts';
import { fuzz } from './fuzz.ts';
import { targets } from './targets.ts';

/** The same inputs in every run; `npm run fuzz` goes on from other seeds for as long as it is told. */
const SEED = 20261126;
const RUNS = 400;

test.each(targets)('$name: nothing but the own error', async (target) => {
  await fuzz(target, SEED, target.runs ?? RUNS);
});

test.each(targets)('$name: its seeds are taken, or only its first check would be tried', async (target) => {
  for (const seed of target.seeds) await target.parse(seed);
});

const MIB = 1024 * 1024;
/** A body without an end that counts what is taken from it. */
function endless() {
  const taken = { bytes: 0 };
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      taken.bytes += 64 * 1024;
      controller.enqueue(new Uint8Array(64 * 1024).fill(0x20));
    },
  });
  return { taken, response: new Response(body) };
}

test.each<[string, (response: Response) => Promise<unknown>, new (...parts: never[]) => Error]>([
  ['shop', (response) => readBounded(response, MIB), BuyerError],
  ['chain source', (response) => answerText(response, MIB), ChainUnavailable],
])('an endless answer of a %s is cut off at its limit', async (_, read, error) => {
  const { taken, response } = endless();
  await expect(read(response)).rejects.toBeInstanceOf(error);
  expect(taken.bytes).toBeLessThan(2 * MIB);
});
