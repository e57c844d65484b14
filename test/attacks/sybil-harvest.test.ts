import { createHash } from 'node:crypto';
import { attackedShop, SHAPE } from '../support/attacked-shop.ts';
import { inParallel, moneyOf, objectOf, openMany, refusedWith, sellerReceived } from '../support/attacks.ts';

/** A thief opens many small channels and asks each for another chunk that it will not pay for. */

const CHANNELS = 1_000;
const CHUNKS = 8;
/** Chunks to start from: all but the last, which has none after it. */
const STARTS = CHUNKS - 1;
const WIDTH = 16;
/** The price of all chunks, 7 × 5,000 and 2,000: a channel that starts later can hold no less than its own. */
const CAPACITY = 37_000n;

const shop = attackedShop();

test('a thousand channels, each after another unpaid chunk, get chunk 0 and nothing else', async () => {
  const { buyer, data } = shop();
  const startOf = (index: number) => index % STARTS;
  const restFrom = (first: number) => ({ first, count: CHUNKS - first, capacity: CAPACITY });

  // Credit for any other chunk than the first is refused when it is proposed.
  for (let first = 1; first < STARTS; first++) {
    const greedy = await buyer.plan({ ...restFrom(first), credit: 1 });
    expect(await refusedWith(buyer.shop.open(greedy, greedy.termsBytes))).toBe(
      '422 terms-refused: credit: must be 0 for chunks that continue no channel of yours',
    );
  }

  const channels = await openMany(shop(), CHANNELS, (index) => ({
    ...restFrom(startOf(index)),
    credit: startOf(index) === 0 ? 1 : 0,
  }));
  const harvest = await inParallel(WIDTH, channels, async (channel) => {
    // The first chunk that it would like, and on credit the one after it.
    const wanted = channel.terms.credit === 1 ? [0, 1] : [0];
    const links = await Promise.all(
      wanted.map((chunk) =>
        buyer.shop.issueChunk(channel, chunk).catch((error) => {
          expect(error).toMatchObject({ status: 402, problem: 'payment-required' });
          return undefined;
        }),
      ),
    );
    return links.filter((link) => link !== undefined);
  });

  const links = harvest.flat();
  expect(links).toHaveLength(Math.ceil(CHANNELS / STARTS));
  // Distinct data: one object, and it is chunk 0.
  expect(new Set(links.map(objectOf)).size).toBe(1);
  const [link] = links;
  const bytes = Buffer.from(await (await fetch(link?.url ?? '')).arrayBuffer());
  const hash = (content: Uint8Array) => createHash('sha256').update(content).digest('hex');
  expect(hash(bytes)).toBe(hash(data.subarray(0, SHAPE.chunkSize)));

  const kept = (await shop().everything()).map((item) => JSON.parse(item)).filter(({ id }) => id);
  const stood = kept.map(({ state, paid, delivered }) => `${state.S} ${paid.N} ${delivered.N}`);
  const times = (text: string) => stood.filter((one) => one === text).length;
  expect([times('OPEN 0 1'), times('OPEN 0 0'), stood.length]).toEqual([
    links.length,
    CHANNELS - links.length,
    CHANNELS,
  ]);
}, 300_000);

test('those that got it cannot be cancelled: their money is bound until L; the seller has lost no satoshi', async () => {
  const { buyer, faucet } = shop();
  const [thief] = await openMany(shop(), 1, () => ({ capacity: CAPACITY }));
  if (!thief) throw new Error('one was opened');
  await buyer.shop.issueChunk(thief, 0);
  expect(await refusedWith(buyer.shop.close(thief))).toBe(
    '409 unpaid-delivery: a chunk was delivered on credit and not paid',
  );
  await faucet.mine(6);
  expect(await moneyOf(shop(), thief)).toEqual({ toSeller: 0n, toBuyer: 0n, fee: 0n, bound: CAPACITY });
  expect(await sellerReceived(shop())).toBe(0n);
});
