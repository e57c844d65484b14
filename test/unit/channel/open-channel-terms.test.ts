import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import { getPublicKey } from '@noble/secp256k1';
import { minimumFirstPrice, openChannel } from '../../../shared/channel/open-channel.ts';
import { channelIdOf, encodeTerms, type Terms } from '../../../shared/protocol/terms.ts';
import { secretOf } from '../../support/channel-buyer.ts';
import {
  type ChannelShop,
  channelShop,
  DATASET,
  type PolicyOverrides,
  propose,
} from '../../support/channel-shop.ts';
import { refusal } from '../../support/refusals.ts';
import { tableServer } from '../../support/table-server.ts';

const tables = tableServer();
const shopOf = (policy?: PolicyOverrides) => channelShop(tables(), policy);
const idOf = (terms: Terms) => bytesToHex(channelIdOf(encodeTerms(terms)));

/** Asserts that terms are refused and leave no channel behind. @returns `name: detail` */
async function termsRefused(shop: ChannelShop, overrides: Partial<Terms>): Promise<string> {
  const terms = shop.terms('alice', overrides);
  const reason = await refusal(openChannel(shop, terms));
  expect(await shop.channels.get(idOf(terms))).toBeUndefined();
  return reason;
}

describe('rules 2 and 3: capacity, the dust grid and the first price', () => {
  test('rule 2: a change script of no known kind never passes, even past the parser', async () => {
    const shop = await shopOf();
    const changeScript = hexToBytes(`76a914${'11'.repeat(20)}88ac`);
    expect(await termsRefused(shop, { changeScript })).toBe(
      'terms-refused: capacity: leaves a change that is dust after one of the chunks',
    );
  });

  test("rule 3: capacity within the shop's limits, both inclusive", async () => {
    const limits = { minimumCapacity: '57500', maximumCapacity: '60000' };
    const shop = await shopOf(limits);
    const reason = 'terms-refused: capacity: must be from 57500 to 60000 satoshis';
    expect(await termsRefused(shop, { capacity: 57_499n })).toBe(reason);
    expect(await termsRefused(shop, { capacity: 60_001n })).toBe(reason);
    expect((await propose(shop, 'bob', { capacity: 57_500n })).terms.capacity).toBe(57_500n);
    expect((await propose(shop, 'carol', { capacity: 60_000n })).terms.capacity).toBe(60_000n);
  });

  test('rule 3: capacity pays for all chunks', async () => {
    const shop = await shopOf();
    expect(await termsRefused(shop, { capacity: 57_499n })).toBe(
      'terms-refused: capacity: is below the price of the chunks',
    );
  });

  test('rule 3: a change is nothing or above dust, to the satoshi', async () => {
    const shop = await shopOf();
    const reason = 'terms-refused: capacity: leaves a change that is dust after one of the chunks';
    expect(await termsRefused(shop, { capacity: 57_501n })).toBe(reason);
    expect(await termsRefused(shop, { capacity: 57_500n + 293n })).toBe(reason);
    await propose(shop, 'bob', { capacity: 57_500n + 294n });
    const taproot = { changeScript: hexToBytes(`5120${'22'.repeat(32)}`) };
    expect(await termsRefused(shop, { ...taproot, capacity: 57_500n + 329n })).toBe(reason);
    await propose(shop, 'carol', { ...taproot, capacity: 57_500n + 330n });
  });

  test('rule 3: the first chunk pays for its settlement at the stress fee rate, to the satoshi', async () => {
    const shop = await shopOf();
    // 294 satoshis of dust and 169 vB at 5 sat/vB.
    expect(minimumFirstPrice(shop)).toBe(294n + 845n);
    await shop.datasets.setPrice(DATASET.manifest, 1_139n);
    expect((await propose(shop, 'bob', { pricePerChunk: 1_139n })).state).toBe('PROPOSED');
    await shop.datasets.setPrice(DATASET.manifest, 1_138n);
    expect(await termsRefused(shop, { pricePerChunk: 1_138n })).toBe(
      'terms-refused: pricePerChunk: the first chunk must cost at least 1139 satoshis',
    );
  });

  test('rule 3: a stress fee rate that leaves half a satoshi is rounded up', async () => {
    const shop = await shopOf({ stressFeeRate: '5001' });
    expect(minimumFirstPrice(shop)).toBe(294n + 846n);
  });
});

describe('rules 4 to 6: height, price, seller', () => {
  test('rule 4: the refund height is from 288 to 2,016 blocks away, both inclusive', async () => {
    const shop = await shopOf();
    const reason = 'terms-refused: refundHeight: must be from 1288 to 3016';
    expect(await termsRefused(shop, { refundHeight: 1_287 })).toBe(reason);
    expect(await termsRefused(shop, { refundHeight: 3_017 })).toBe(reason);
    await propose(shop, 'bob', { refundHeight: 1_288 });
    await propose(shop, 'carol', { refundHeight: 3_016 });
  });

  test('rule 4: no tip, no channel', async () => {
    const shop = await shopOf();
    shop.chain.failing = true;
    expect(await termsRefused(shop, {})).toBe('chain-unavailable: the chain source does not answer');
  });

  test('rule 5: the manifest is for sale here', async () => {
    const shop = await shopOf();
    expect(await termsRefused(shop, { manifest: '00'.repeat(32) })).toBe(
      'terms-refused: manifest: is not for sale here',
    );
  });

  test('rule 5: the chunks are within the dataset', async () => {
    const shop = await shopOf();
    const reason = 'terms-refused: chunks: reach beyond the dataset';
    expect(await termsRefused(shop, { count: 13, capacity: 100_000n })).toBe(reason);
    expect(await termsRefused(shop, { first: 1, credit: 0 })).toBe(reason);
    await propose(shop, 'bob', { first: 1, count: 11, credit: 0 });
  });

  test('rule 5: the old price opens channels for an hour less a millisecond', async () => {
    const shop = await shopOf();
    await shop.datasets.setPrice(DATASET.manifest, 6_000n);
    shop.clock.advance(3_600_000 - 1);
    await propose(shop, 'bob');
    await propose(shop, 'carol', { pricePerChunk: 6_000n, capacity: 70_000n });
    expect(await termsRefused(shop, { pricePerChunk: 5_999n })).toBe(
      'terms-refused: pricePerChunk: is 6000 satoshis now',
    );
    shop.clock.advance(1);
    expect(await termsRefused(shop, {})).toBe('terms-refused: pricePerChunk: is 6000 satoshis now');
  });

  test('rule 5: what was taken off sale opens channels for an hour less a millisecond', async () => {
    const shop = await shopOf();
    await shop.datasets.takeOffSale(DATASET.manifest);
    shop.clock.advance(3_600_000 - 1);
    await propose(shop, 'bob');
    shop.clock.advance(1);
    expect(await termsRefused(shop, {})).toBe('terms-refused: manifest: is not for sale here');
    // Whoever proposed in time goes on.
    expect((await propose(shop, 'bob')).state).toBe('PROPOSED');
    await shop.datasets.putOnSale(DATASET.manifest, 6_000n);
    expect(await termsRefused(shop, {})).toBe('terms-refused: pricePerChunk: is 6000 satoshis now');
    await propose(shop, 'carol', { pricePerChunk: 6_000n, capacity: 70_000n });
  });

  test("rule 6: the seller key is the shop's", async () => {
    const shop = await shopOf();
    const sellerKey = getPublicKey(secretOf('another seller'), true);
    expect(await termsRefused(shop, { sellerKey })).toBe("terms-refused: sellerKey: is not the shop's key");
  });

  test('rule 6: the network is the shop’s', async () => {
    const shop = await shopOf();
    expect(await termsRefused(shop, { network: 'signet' })).toBe('terms-refused: network: is regtest here');
  });
});

describe('rule 7: credit is refused, never downgraded', () => {
  test('rule 7: for chunks that continue nothing', async () => {
    const shop = await shopOf();
    expect(await termsRefused(shop, { first: 3, count: 5, credit: 1 })).toBe(
      'terms-refused: credit: must be 0 for chunks that continue no channel of yours',
    );
    const channel = await propose(shop, 'bob', { first: 3, count: 5, credit: 0 });
    expect([channel.terms.credit, channel.contiguous]).toEqual([0, false]);
  });

  test('rule 7: for datasets of fewer than eight chunks', async () => {
    const shop = await shopOf();
    const seven = await shop.publish(7);
    const eight = await shop.publish(8);
    expect(await termsRefused(shop, { manifest: seven, count: 7, credit: 1 })).toBe(
      'terms-refused: credit: must be 0 for a dataset of fewer than 8 chunks',
    );
    const withoutCredit = await propose(shop, 'bob', { manifest: seven, count: 7, credit: 0 });
    expect(withoutCredit.contiguous).toBe(true);
    expect((await propose(shop, 'carol', { manifest: eight, count: 8, credit: 1 })).terms.credit).toBe(1);
  });
});
