import { buildReturn } from '../../client/buyer/returns.ts';
import type { Outpoint } from '../../shared/chain/chain.ts';
import { attackedShop, PRICE, SHORT_LIVES } from '../support/attacked-shop.ts';
import { allRefused, fundAll, moneyOf, openMany, pay } from '../support/attacks.ts';
import { type HandChannel, pay as payTo } from '../support/hand-buyer.ts';

/** Fundings that are not what the terms say, come late, or are somebody else's. */

const CAPACITY = 100_000n;
const SCRIPT = "422 funding-mismatch: the output does not pay the channel's script";
const MISSING = '409 funding-not-found: no unspent output at this outpoint';
const shop = attackedShop({ policy: { ...SHORT_LIVES, maximumCapacity: '5000000000' } });

async function proposed(): Promise<HandChannel> {
  const channel = await shop().buyer.plan();
  await shop().buyer.shop.open(channel, channel.termsBytes);
  return channel;
}

const name = (channel: HandChannel, outpoint: Outpoint) => () =>
  shop().buyer.shop.confirmFunding(channel, outpoint);

test('one satoshi off, another script, another output, spent, or nowhere: it never opens the channel', async () => {
  const { faucet, rpc } = shop();
  const channel = await proposed();
  const [other] = await openMany(shop(), 1);
  if (!other) throw new Error('one was opened');
  const less = await payTo(shop(), channel.address, CAPACITY - 1n);
  const more = await payTo(shop(), channel.address, CAPACITY + 1n);
  const elsewhere = await payTo(shop(), faucet.address, CAPACITY);
  await faucet.mine(6);
  const { vin } = (await rpc('getrawtransaction', elsewhere.txid, true)) as {
    vin: { txid: string; vout: number }[];
  };
  const [spent] = vin;
  if (!spent) throw new Error('the faucet spends something');
  await allRefused(shop(), {
    'a satoshi less': [
      name(channel, less),
      '422 funding-mismatch: the output pays 99999 satoshis, the capacity is 100000',
    ],
    'a satoshi more': [
      name(channel, more),
      '422 funding-mismatch: the output pays 100001 satoshis, the capacity is 100000',
    ],
    'another script': [name(channel, elsewhere), SCRIPT],
    'the change of its transaction': [name(channel, { ...less, vout: 1 }), SCRIPT],
    'an output that is not there': [name(channel, { ...less, vout: 2 }), MISSING],
    'a transaction that is not there': [name(channel, { txid: 'ab'.repeat(32), vout: 0 }), MISSING],
    "another channel's": [name(channel, other.outpoint), SCRIPT],
    'a spent one': [name(channel, { txid: spent.txid, vout: spent.vout }), MISSING],
    'a chunk meanwhile': [
      () => shop().buyer.shop.issueChunk(channel, 0),
      '409 channel-not-open: the channel is PROPOSED',
    ],
  });
});

test('a coinbase of exactly the capacity is refused for what it is: it could not be spent in time', async () => {
  const { buyer, faucet, rpc, height } = shop();
  const reward = 5_000_000_000n >> BigInt(Math.floor(((await height()) + 1) / 150));
  const channel = await buyer.plan({ capacity: reward });
  await buyer.shop.open(channel, channel.termsBytes);
  const [block] = await faucet.mine(1, channel.address);
  const { tx } = (await rpc('getblock', block)) as { tx: string[] };
  await allRefused(shop(), {
    coinbase: [
      name(channel, { txid: tx[0] ?? '', vout: 0 }),
      '422 funding-mismatch: the output is of a coinbase transaction',
    ],
  });
});

test('held back until L is near: REFUSED for good, nothing is sold, and A may take it back', async () => {
  const { buyer, faucet, rpc } = shop();
  const channel = await proposed();
  await shop().mineTo(channel.terms.refundHeight - SHORT_LIVES.minimumLifeAtFunding);
  const [funded] = await fundAll(shop(), [channel]);
  if (!funded) throw new Error('one was funded');
  await faucet.mine(1);
  expect(await buyer.shop.confirmFunding(funded, funded.outpoint)).toMatchObject({ state: 'REFUSED' });
  await allRefused(shop(), {
    'once more': [
      name(funded, funded.outpoint),
      '409 channel-ended: the channel is REFUSED and takes no funding',
    ],
    'a chunk': [() => buyer.shop.issueChunk(funded, 0), '409 channel-not-open: the channel is REFUSED'],
    'a payment': [() => pay(shop(), funded, 1), '409 channel-not-open: the channel is REFUSED'],
  });
  const { state, cancels } = await buyer.shop.close(funded);
  expect(state).toBe('CANCELLED');
  const sellerSignature = cancels[0]?.signature ?? '';
  const wanted = { kind: 'cancel', outpoint: funded.outpoint, sellerSignature } as const;
  const cancel = buildReturn(funded, wanted, 5_000n);
  await rpc('sendrawtransaction', cancel.raw);
  await faucet.mine(1);
  expect(await moneyOf(shop(), funded)).toMatchObject({ toSeller: 0n, toBuyer: CAPACITY - cancel.fee });
});

test('not confirmed: nothing is sold on it, however many blocks come without it', async () => {
  const { buyer, faucet, rpc } = shop();
  const channel = await proposed();
  const [funded] = await fundAll(shop(), [channel]);
  if (!funded) throw new Error('one was funded');
  const waiting = await buyer.shop.confirmFunding(funded, funded.outpoint);
  expect(waiting).toMatchObject({ state: 'PROPOSED', confirmations: 0, confirmationsRequired: 1 });
  const attempts = {
    'a chunk': [() => buyer.shop.issueChunk(funded, 0), '409 channel-not-open: the channel is PROPOSED'],
    'a payment': [() => pay(shop(), funded, 1), '409 channel-not-open: the channel is PROPOSED'],
  } as const;
  await allRefused(shop(), attempts);
  await rpc('generateblock', faucet.address, []);
  await shop().sweep();
  await allRefused(shop(), attempts);
  expect(await moneyOf(shop(), funded)).toMatchObject({ toSeller: 0n, bound: CAPACITY });
});

test('a stranger pays the same script, names it, or claims it for a channel of its own: the outpoint stays', async () => {
  const { buyer, faucet } = shop();
  const channel = await proposed();
  // The stranger's dust-free gift comes first, and is exactly the capacity.
  const gift = await payTo(shop(), channel.address, CAPACITY);
  const [funded] = await fundAll(shop(), [channel]);
  const stranger = await proposed();
  if (!funded) throw new Error('one was funded');
  await faucet.mine(1);
  const nameAs = (signer: HandChannel, outpoint: Outpoint) => () =>
    buyer.shop.confirmFunding({ ...funded, secret: signer.secret }, outpoint);
  const wrong = '401 bad-request-signature: not a strict signature of this request by the channel key';
  await allRefused(shop(), {
    'the gift, named by the stranger': [nameAs(stranger, gift), wrong],
    "the owner's, named by the stranger": [nameAs(stranger, funded.outpoint), wrong],
    "the owner's, for the stranger's channel": [name(stranger, funded.outpoint), SCRIPT],
  });
  expect(await buyer.shop.confirmFunding(funded, funded.outpoint)).toMatchObject({ state: 'OPEN' });
  await pay(shop(), funded, 1);
  await allRefused(shop(), {
    'the gift, afterwards': [
      name(funded, gift),
      '422 funding-mismatch: the channel opened on another outpoint',
    ],
    'a payment for the gift': [
      () => buyer.shop.commit(funded, 2, Buffer.from(funded.commitment(gift, 2)).toString('hex')),
      '422 bad-commitment-signature: not a strict signature by the channel key of commitment 2',
    ],
  });
  await buyer.shop.close(funded);
  await faucet.mine(1);
  const { toSeller, toBuyer, fee } = await moneyOf(shop(), funded);
  expect([toSeller + fee, toBuyer]).toEqual([PRICE, CAPACITY - PRICE]);
  // The gift is A's to take back at L, if A had its refund signed; the shop never touches it.
  expect(await moneyOf(shop(), { ...funded, outpoint: gift })).toMatchObject({ bound: CAPACITY });
});

test('two outputs of one script: each channel has one funding, and the other is not sold on', async () => {
  const { buyer, faucet } = shop();
  const channel = await proposed();
  const [first, second] = await fundAll(shop(), [channel, channel]);
  if (!first || !second) throw new Error('two were funded');
  await faucet.mine(1);
  const [one, other] = await Promise.allSettled([
    buyer.shop.confirmFunding(channel, first.outpoint),
    buyer.shop.confirmFunding(channel, second.outpoint),
  ]);
  const statuses = [one.status, other.status].sort();
  expect(statuses).toEqual(['fulfilled', 'rejected']);
  const { funding } = await buyer.shop.channel(channel);
  const chosen = one.status === 'fulfilled' ? first : second;
  expect(funding?.outpoint).toEqual(chosen.outpoint);
});
