import { attackedShop, PRICE } from '../support/attacked-shop.ts';
import { allRefused, moneyOf, objectOf, openMany, pay, refusedWith } from '../support/attacks.ts';
import { handBuyer } from '../support/hand-buyer.ts';
import { MIB, patterned } from '../support/object-store.ts';

/** Data before its payment: once, for the next chunk, and never where that is all there is. */

const COUNT = 8;
const shop = attackedShop();

test('a dataset of one chunk is not to be had on credit: its first chunk would be all of it', async () => {
  const small = await shop().publish('small', patterned(5 * MIB, 2));
  const { shop: client, plan } = handBuyer(shop(), small);
  const greedy = await plan({ capacity: PRICE });
  await allRefused(shop(), {
    'with credit': [
      () => client.open(greedy, greedy.termsBytes),
      '422 terms-refused: credit: must be 0 for a dataset of fewer than 8 chunks',
    ],
  });
  const [paying] = await openMany({ ...shop(), buyer: handBuyer(shop(), small) }, 1, () => ({
    credit: 0,
    capacity: PRICE,
  }));
  if (!paying) throw new Error('one was opened');
  await allRefused(shop(), {
    'without credit': [
      () => client.issueChunk(paying, 0),
      '402 payment-required: chunk 0 is given out once 1 chunks are paid for',
    ],
  });
});

test('nothing after the last payment: n = count is no chunk, and its payment brings no link', async () => {
  const { buyer } = shop();
  const [channel] = await openMany(shop(), 1);
  if (!channel) throw new Error('one was opened');
  for (let k = 1; k < COUNT; k++) expect((await pay(shop(), channel, k)).next?.chunk).toBe(k);
  const last = await pay(shop(), channel, COUNT);
  expect(last).toMatchObject({ paid: COUNT, delivered: COUNT, next: null, paidSatoshis: 37_000n });
  await allRefused(shop(), {
    'n = count': [
      () => buyer.shop.issueChunk(channel, COUNT),
      '404 no-such-chunk: the channel buys 8 chunks',
    ],
    'k = count + 1': [
      () => pay(shop(), channel, COUNT + 1),
      '422 commitment-out-of-range: the channel buys 8 chunks',
    ],
  });
  await shop().sweep();
  await shop().faucet.mine(1);
  const { toSeller, toBuyer, fee } = await moneyOf(shop(), channel);
  expect([toSeller + fee, toBuyer]).toEqual([37_000n, 63_000n]);
});

test('credit is one chunk: after k payments chunk k comes, and none after it', async () => {
  const { buyer } = shop();
  const [channel] = await openMany(shop(), 1);
  if (!channel) throw new Error('one was opened');
  const got = new Set<string>();
  for (let k = 0; k < 3; k++) {
    if (k > 0) await pay(shop(), channel, k);
    got.add(objectOf(await buyer.shop.issueChunk(channel, k)));
    for (let ahead = k + 1; ahead < COUNT; ahead++) {
      expect(await refusedWith(buyer.shop.issueChunk(channel, ahead))).toBe(
        `402 payment-required: chunk ${ahead} is given out once ${ahead} chunks are paid for`,
      );
    }
  }
  const { paid, delivered } = await buyer.shop.channel(channel);
  expect([paid, delivered, got.size]).toEqual([2, 3, 3]);
  await buyer.shop.close(channel);
  await shop().faucet.mine(1);
  const { toSeller, toBuyer, fee } = await moneyOf(shop(), channel);
  expect([toSeller + fee, toBuyer]).toEqual([2n * PRICE, 90_000n]);
});
