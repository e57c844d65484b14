import { buildReturn } from '../../client/buyer/returns.ts';
import { attackedShop, PRICE, SHORT_LIVES } from '../support/attacked-shop.ts';
import {
  allRefused,
  fundAll,
  inParallel,
  moneyOf,
  moneyOfAll,
  openMany,
  pay,
  refusedWith,
} from '../support/attacks.ts';

/** B's cancel signature gives A all of the capacity back at once: it must never meet a sale. */

const CAPACITY = 100_000n;
const PRICE_OF_ALL = 37_000n;
const shop = attackedShop({ policy: SHORT_LIVES });

test('kept, and used after the same terms were opened again: nothing can be sold on them any more', async () => {
  const { buyer, faucet, rpc } = shop();
  const [channel] = await openMany(shop(), 1);
  if (!channel) throw new Error('one was opened');
  const { state, cancels } = await buyer.shop.close(channel);
  const [given] = cancels;
  if (!given) throw new Error('nothing was delivered, so it is cancelled');
  expect([state, given.outpoint]).toEqual(['CANCELLED', channel.outpoint]);

  const voided = async () => {
    expect((await buyer.shop.open(channel, channel.termsBytes)).state).toBe('CANCELLED');
    await allRefused(shop(), {
      'its chunk': [
        () => buyer.shop.issueChunk(channel, 0),
        '409 channel-not-open: the channel is CANCELLED',
      ],
      'a payment': [() => pay(shop(), channel, 1), '409 channel-not-open: the channel is CANCELLED'],
      'another funding': [
        () => buyer.shop.confirmFunding(channel, { ...channel.outpoint, vout: 1 }),
        '422 funding-mismatch: the channel opened on another outpoint',
      ],
    });
    expect(await buyer.shop.confirmFunding(channel, channel.outpoint)).toMatchObject({
      state: 'CANCELLED',
      paid: 0,
      delivered: 0,
    });
  };
  await voided();
  // An hour later, when an unfunded proposal is forgotten, and when L is long past.
  shop().pass(2 * 60 * 60 * 1000);
  await voided();
  await shop().mineTo(channel.terms.refundHeight + 144);
  await shop().sweep();
  await voided();

  const wanted = { kind: 'cancel', outpoint: channel.outpoint, sellerSignature: given.signature } as const;
  const cancel = buildReturn(channel, wanted, 5_000n);
  await rpc('sendrawtransaction', cancel.raw);
  await faucet.mine(1);
  expect(await moneyOf(shop(), channel)).toEqual({
    toSeller: 0n,
    toBuyer: CAPACITY - cancel.fee,
    fee: cancel.fee,
    bound: 0n,
  });
});

test('asked for before the funding is sent: the funding never opens the channel', async () => {
  const { buyer, faucet, rpc } = shop();
  const planned = await buyer.plan();
  await buyer.shop.open(planned, planned.termsBytes);
  const [channel] = await fundAll(shop(), [planned]);
  if (!channel) throw new Error('one was funded');
  await buyer.shop.cosignRefund(channel, channel.outpoint);
  const { cancels } = await buyer.shop.close(channel);
  await faucet.mine(6);
  await allRefused(shop(), {
    'the funding': [
      () => buyer.shop.confirmFunding(channel, channel.outpoint),
      '409 channel-ended: the channel is CANCELLED and takes no funding',
    ],
    'a chunk': [() => buyer.shop.issueChunk(channel, 0), '409 channel-not-open: the channel is CANCELLED'],
    'a payment': [() => pay(shop(), channel, 1), '409 channel-not-open: the channel is CANCELLED'],
  });
  const sellerSignature = cancels[0]?.signature ?? '';
  const wanted = { kind: 'cancel', outpoint: channel.outpoint, sellerSignature } as const;
  const cancel = buildReturn(channel, wanted, 5_000n);
  await rpc('sendrawtransaction', cancel.raw);
  await faucet.mine(1);
  expect(await moneyOf(shop(), channel)).toMatchObject({ toSeller: 0n, toBuyer: CAPACITY - cancel.fee });
});

test('racing a link: on each of forty channels there is a link or a cancel, never both', async () => {
  const { buyer } = shop();
  const channels = await openMany(shop(), 40);
  const outcomes = await inParallel(20, channels, async (channel, index) => {
    const ask = () =>
      buyer.shop.issueChunk(channel, 0).then(
        () => 'link',
        (error) => error.problem as string,
      );
    const close = () =>
      buyer.shop.close(channel).then(
        ({ state, cancels }) => `${state} ${cancels.length}`,
        (error) => error.problem as string,
      );
    const [first, second] = index % 2 === 0 ? [ask, close] : [close, ask];
    const [one, other] = await Promise.all([first(), second()]);
    return index % 2 === 0 ? [one, other] : [other, one];
  });
  for (const [index, [asked, closed]] of outcomes.entries()) {
    const channel = channels[index];
    if (!channel) throw new Error('an outcome for each');
    const { state, delivered } = await buyer.shop.channel(channel);
    const sold = ['link', 'unpaid-delivery', 'OPEN', 1];
    const cancelled = ['channel-not-open', 'CANCELLED 1', 'CANCELLED', 0];
    expect([sold, cancelled]).toContainEqual([asked, closed, state, delivered]);
  }
});

test('racing a payment: what was paid is settled, what was cancelled is not sold', async () => {
  const { buyer, faucet } = shop();
  // One chunk that comes with its payment, or all of them at once, on credit and without a link.
  const lastPaid = (index: number) => (index % 2 === 0 ? 1 : 8);
  const channels = await openMany(shop(), 40, (index) => ({ credit: lastPaid(index) === 1 ? 0 : 1 }));
  const outcomes = await inParallel(1, channels, async (channel, index) => {
    const paying = () =>
      pay(shop(), channel, lastPaid(index)).then(
        () => 'paid',
        (error) => error.problem as string,
      );
    // A little later for each pair: somewhere between, both read the same and write one after the other.
    const later = async () => {
      for (let turn = 0; turn < Math.floor(index / 2) % 10; turn++) await new Promise(setImmediate);
      return buyer.shop.close(channel);
    };
    const [paid, closed] = await Promise.all([paying(), later()]);
    return [paid, closed.state];
  });
  await faucet.mine(1);
  const moneys = await moneyOfAll(shop(), channels);
  for (const [index, outcome] of outcomes.entries()) {
    expect([
      ['paid', 'CLOSING'],
      ['channel-not-open', 'CANCELLED'],
    ]).toContainEqual(outcome);
    const { toSeller = 0n, toBuyer, fee = 0n, bound } = moneys[index] ?? {};
    const sold = outcome[1] === 'CLOSING';
    const price = lastPaid(index) === 1 ? PRICE : PRICE_OF_ALL;
    expect([toSeller + fee, toBuyer, bound]).toEqual(
      sold ? [price, CAPACITY - price, 0n] : [0n, 0n, CAPACITY],
    );
  }
});

test('for what was delivered on credit and not paid there is none, however often it is asked for', async () => {
  const { buyer } = shop();
  const [channel] = await openMany(shop(), 1);
  if (!channel) throw new Error('one was opened');
  await buyer.shop.issueChunk(channel, 0);
  const before = await shop().everything();
  // All are waited for, also where one is not refused: the shop must not end under the others.
  const answers = await inParallel(20, Array.from({ length: 20 }), () =>
    refusedWith(buyer.shop.close(channel)).catch(String),
  );
  expect(new Set(answers)).toEqual(
    new Set(['409 unpaid-delivery: a chunk was delivered on credit and not paid']),
  );
  expect(await shop().everything()).toEqual(before);
});
