import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import { continuationMessage } from '../../shared/protocol/request.ts';
import { signMessage } from '../../shared/protocol/signature.ts';
import { attackedShop, PRICE, SHAPE } from '../support/attacked-shop.ts';
import {
  allRefused,
  fundAll,
  moneyOf,
  type OpenChannel,
  openMany,
  pay,
  refusedWith,
  sellerReceived,
} from '../support/attacks.ts';
import { type HandChannel, handBuyer } from '../support/hand-buyer.ts';
import { patterned } from '../support/object-store.ts';

/** Credit for a chunk that is not the first, for one who says that it paid for all before. */

const PAID = 3;
const NO_CREDIT = '422 terms-refused: credit: must be 0 for chunks that continue no channel of yours';
const shop = attackedShop();

/** `<earlier id> <signature>`, as the header carries it. */
function proof(earlier: HandChannel, later: HandChannel, secret = earlier.secret): string {
  const message = continuationMessage(hexToBytes(earlier.channelId), hexToBytes(later.channelId));
  return `${earlier.channelId} ${bytesToHex(signMessage(secret, message))}`;
}

async function paidChannel(): Promise<OpenChannel> {
  const [channel] = await openMany(shop(), 1);
  if (!channel) throw new Error('one was opened');
  for (let k = 1; k <= PAID; k++) await pay(shop(), channel, k);
  return channel;
}

const rest = (first: number) => ({ first, count: 8 - first });
const open = (channel: HandChannel, continues: string) =>
  shop().buyer.shop.open(channel, channel.termsBytes, continues);

test('from another dataset, with a gap, over what is paid, by another key, for other terms, of nobody', async () => {
  const { buyer } = shop();
  const earlier = await paidChannel();
  const other = await shop().publish('other', patterned(SHAPE.totalSize, 9));
  const elsewhere = await handBuyer(shop(), other).plan(rest(PAID));
  const gap = await buyer.plan(rest(PAID + 1));
  const again = await buyer.plan(rest(PAID - 1));
  const againUnlent = await buyer.plan({ ...rest(PAID - 1), credit: 0 });
  const exact = await buyer.plan(rest(PAID));
  const [unpaid] = await openMany(shop(), 1);
  if (!unpaid) throw new Error('one was opened');

  await allRefused(shop(), {
    'another dataset': [
      () => open(elsewhere, proof(earlier, elsewhere)),
      '422 terms-refused: continuation: the earlier channel is of another dataset',
    ],
    'with a gap': [() => open(gap, proof(earlier, gap)), NO_CREDIT],
    'what is paid once more': [
      () => open(again, proof(earlier, again)),
      '422 terms-refused: continuation: chunks up to 3 are paid for already',
    ],
    'the same without credit': [
      () => open(againUnlent, proof(earlier, againUnlent)),
      '422 terms-refused: continuation: chunks up to 3 are paid for already',
    ],
    "another buyer's channel": [
      () => open(exact, proof(earlier, exact, unpaid.secret)),
      '422 terms-refused: continuation: the proof is not signed by the earlier channel',
    ],
    'a proof that was given for other terms': [
      () => open(exact, proof(earlier, gap)),
      '422 terms-refused: continuation: the proof is not signed by the earlier channel',
    ],
    'a channel that paid nothing': [() => open(exact, proof(unpaid, exact)), NO_CREDIT],
    'a channel that nobody knows': [
      () => open(exact, `${'0'.repeat(64)} ${'0'.repeat(127)}1`),
      '422 terms-refused: continuation: the earlier channel is not known',
    ],
    'no proof at all': [() => buyer.shop.open(exact, exact.termsBytes), NO_CREDIT],
    'a header that is none': [
      () => open(exact, 'x'),
      '400 malformed-request: spillway-continues: must be a channel id and a signature',
    ],
  });
  // The honest proof is taken.
  expect(await open(exact, proof(earlier, exact))).toMatchObject({ state: 'PROPOSED' });
});

test('many continuations of one channel get one unpaid chunk together: the one after what it paid', async () => {
  const { buyer, faucet } = shop();
  const earlier = await paidChannel();
  const later = await buyer.plans(5, () => rest(PAID));
  for (const channel of later) await open(channel, proof(earlier, channel));
  const funded = await fundAll(shop(), later);
  await faucet.mine(1);
  const urls = new Set<string>();
  for (const channel of funded) {
    await buyer.shop.confirmFunding(channel, channel.outpoint);
    const { url } = await buyer.shop.issueChunk(channel, 0);
    urls.add(new URL(url).pathname);
    expect(await refusedWith(buyer.shop.issueChunk(channel, 1))).toMatch(/^402 payment-required: /);
  }
  expect([...urls]).toEqual([expect.stringMatching(/\/chunks\/3$/)]);
});

test('from a channel whose funding was reorganised away: no credit, and nothing was lost but its chunks', async () => {
  const { buyer, faucet, rpc } = shop();
  const before = await sellerReceived(shop());
  const [channel] = await openMany(shop(), 1);
  if (!channel) throw new Error('one was opened');
  await pay(shop(), channel, 1);
  // The block is gone, and another one, without the funding, is longer.
  const { funding } = await buyer.shop.channel(channel);
  await rpc('invalidateblock', funding?.blockHash);
  for (let block = 0; block < 2; block++) await rpc('generateblock', faucet.address, []);
  await shop().sweep();
  expect((await buyer.shop.channel(channel)).state).toBe('SUSPENDED');

  const later = await buyer.plan(rest(1));
  await allRefused(shop(), {
    'a continuation': [() => open(later, proof(channel, later)), NO_CREDIT],
    'a payment': [() => pay(shop(), channel, 2), '409 channel-not-open: the channel is SUSPENDED'],
    'a chunk': [() => buyer.shop.issueChunk(channel, 1), '409 channel-not-open: the channel is SUSPENDED'],
    'one that is paid for': [
      () => buyer.shop.issueChunk(channel, 0),
      '409 channel-not-open: the channel is SUSPENDED',
    ],
    'a cancel': [
      () => buyer.shop.close(channel),
      '409 channel-not-open: the funding is not on the chain now',
    ],
  });
  expect(await sellerReceived(shop())).toBe(before);

  // It is mined again: the channel goes on, and is settled for what was paid.
  await faucet.mine(1);
  await shop().sweep();
  expect(await buyer.shop.channel(channel)).toMatchObject({ state: 'OPEN', paid: 1 });
  await buyer.shop.close(channel);
  await faucet.mine(1);
  const { toSeller, toBuyer, fee } = await moneyOf(shop(), channel);
  expect([toSeller + fee, toBuyer]).toEqual([PRICE, 95_000n]);
});
