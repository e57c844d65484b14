import { getPublicKey } from '@noble/secp256k1';
import { acceptCommitment } from '../../../shared/channel/accept-commitment.ts';
import { confirmFunding } from '../../../shared/channel/confirm-funding.ts';
import type { Continuation } from '../../../shared/channel/continuation.ts';
import { openChannel } from '../../../shared/channel/open-channel.ts';
import { sweep } from '../../../shared/channel/sweep.ts';
import { channelIdOf, encodeTerms, type Terms } from '../../../shared/protocol/terms.ts';
import { seedSigner } from '../../../shared/signer/seed-signer.ts';
import type { Channel } from '../../../shared/store/channel-record.ts';
import { continuation, payment, secretOf } from '../../support/channel-buyer.ts';
import {
  type ChannelShop,
  channelShop,
  fund,
  open,
  openAndPaid,
  propose,
  stored,
} from '../../support/channel-shop.ts';
import { refusal } from '../../support/refusals.ts';
import { tableServer } from '../../support/table-server.ts';

const tables = tableServer();

/** Terms of the chunks from `first` to the dataset's end. */
const rest = (shop: ChannelShop, first: number, overrides: Partial<Terms> = {}): Terms =>
  shop.terms('later', { first, count: 12 - first, ...overrides });

const proofFor = (earlier: Channel, terms: Terms, signer = 'earlier'): Continuation =>
  continuation(signer, earlier, channelIdOf(encodeTerms(terms)));

describe('section 7: a contiguous continuation', () => {
  test('goes on with credit where the earlier channel stopped', async () => {
    const shop = await channelShop(tables());
    const earlier = await openAndPaid(shop, 'earlier', 5);
    const terms = rest(shop, 5);
    const later = await openChannel(shop, terms, proofFor(earlier, terms));
    expect([later.contiguous, later.terms.credit, later.terms.first]).toEqual([true, 1, 5]);
  });

  test('can itself be continued', async () => {
    const shop = await channelShop(tables());
    const first = await openAndPaid(shop, 'earlier', 5);
    const secondTerms = rest(shop, 5);
    const second = await open(shop, 'later', secondTerms, proofFor(first, secondTerms));
    await acceptCommitment(shop, second, payment('later', second, 2));
    const terms = shop.terms('third', { first: 7, count: 5 });
    const third = await openChannel(
      shop,
      terms,
      continuation('later', second, channelIdOf(encodeTerms(terms))),
    );
    expect(third.contiguous).toBe(true);
  });

  test('has credit in a small dataset too, where only the first channel has none', async () => {
    const shop = await channelShop(tables());
    const dataset = { manifest: await shop.publish(7) };
    const earlier = await openAndPaid(shop, 'earlier', 3, { ...dataset, count: 7, credit: 0 });
    const terms = rest(shop, 3, { ...dataset, count: 4 });
    expect((await openChannel(shop, terms, proofFor(earlier, terms))).terms.credit).toBe(1);
  });

  test('is not what continues a channel that has a gap before it', async () => {
    const shop = await channelShop(tables());
    const gap = await openAndPaid(shop, 'earlier', 2, { first: 3, count: 9, credit: 0 });
    const terms = rest(shop, 5);
    expect(await refusal(openChannel(shop, terms, proofFor(gap, terms)))).toBe(
      'terms-refused: credit: must be 0 for chunks that continue no channel of yours',
    );
    const without = rest(shop, 5, { credit: 0 });
    expect((await openChannel(shop, without, proofFor(gap, without))).contiguous).toBe(false);
  });

  test('starts exactly at the paid end: above it there is no credit', async () => {
    const shop = await channelShop(tables());
    const earlier = await openAndPaid(shop, 'earlier', 5);
    const terms = rest(shop, 6);
    expect(await refusal(openChannel(shop, terms, proofFor(earlier, terms)))).toBe(
      'terms-refused: credit: must be 0 for chunks that continue no channel of yours',
    );
  });

  test('below the paid end is refused, with or without credit: nobody is asked twice for one chunk', async () => {
    const shop = await channelShop(tables());
    const earlier = await openAndPaid(shop, 'earlier', 5);
    for (const credit of [0, 1] as const) {
      for (const first of [4, 0]) {
        const terms = rest(shop, first, { credit });
        expect(await refusal(openChannel(shop, terms, proofFor(earlier, terms)))).toBe(
          'terms-refused: continuation: chunks up to 5 are paid for already',
        );
      }
    }
  });

  test('is proved by the earlier key over both ids', async () => {
    const shop = await channelShop(tables());
    const earlier = await openAndPaid(shop, 'earlier', 5);
    const terms = rest(shop, 5);
    const reason = 'terms-refused: continuation: the proof is not signed by the earlier channel';
    // A' of the later channel, A without the tweak of the terms, and a proof for other terms.
    const others = rest(shop, 5, { nonce: new Uint8Array(16) });
    for (const proof of [proofFor(earlier, terms, 'later'), proofFor(earlier, others)]) {
      expect(await refusal(openChannel(shop, terms, proof))).toBe(reason);
    }
    const zero = { earlierChannelId: earlier.id, signature: new Uint8Array(64) };
    expect(await refusal(openChannel(shop, terms, zero))).toBe(reason);
    expect(
      await shop.channels.get(Buffer.from(channelIdOf(encodeTerms(terms))).toString('hex')),
    ).toBeUndefined();
  });

  test('names a channel of this shop', async () => {
    const shop = await channelShop(tables());
    const terms = rest(shop, 5);
    const unknown = { earlierChannelId: '00'.repeat(32), signature: new Uint8Array(64) };
    expect(await refusal(openChannel(shop, terms, unknown))).toBe(
      'terms-refused: continuation: the earlier channel is not known',
    );
  });

  test('is of the same dataset', async () => {
    const shop = await channelShop(tables());
    const earlier = await openAndPaid(shop, 'earlier', 5);
    const manifest = await shop.publish(12);
    const terms = rest(shop, 5, { manifest });
    expect(await refusal(openChannel(shop, terms, proofFor(earlier, terms)))).toBe(
      'terms-refused: continuation: the earlier channel is of another dataset',
    );
  });

  test('is of the same seller key', async () => {
    const shop = await channelShop(tables());
    const earlier = await openAndPaid(shop, 'earlier', 5);
    const rotated = { ...shop, signer: seedSigner(secretOf('the new seller')) };
    const terms = rest(shop, 5, { sellerKey: getPublicKey(secretOf('the new seller'), true) });
    expect(await refusal(openChannel(rotated, terms, proofFor(earlier, terms)))).toBe(
      'terms-refused: continuation: the earlier channel is of another seller',
    );
  });

  test('continues a channel that was opened: a proposal proves nothing', async () => {
    const shop = await channelShop(tables());
    const middle = await openAndPaid(shop, 'earlier', 5);
    const secondTerms = rest(shop, 5);
    const unfunded = await openChannel(shop, secondTerms, proofFor(middle, secondTerms));
    expect(unfunded.contiguous).toBe(true);
    const terms = shop.terms('third', { first: 5, count: 7 });
    const proof = continuation('later', unfunded, channelIdOf(encodeTerms(terms)));
    expect(await refusal(openChannel(shop, terms, proof))).toBe(
      'terms-refused: credit: must be 0 for chunks that continue no channel of yours',
    );
  });

  test('does not continue a channel whose funding a reorg has voided', async () => {
    const shop = await channelShop(tables());
    const channel = await propose(shop, 'earlier');
    const outpoint = fund(shop, channel);
    const { channel: opened } = await confirmFunding(shop, channel, outpoint);
    await acceptCommitment(shop, opened, payment('earlier', opened, 5));
    shop.chain.reorgFrom(shop.chain.height());
    shop.chain.mine(1);
    await sweep(shop);
    const voided = await stored(shop, opened);
    expect([voided.state, voided.voided]).toEqual(['SUSPENDED', true]);
    const terms = rest(shop, 5);
    expect(await refusal(openChannel(shop, terms, proofFor(voided, terms)))).toBe(
      'terms-refused: credit: must be 0 for chunks that continue no channel of yours',
    );
    const without = rest(shop, 5, { credit: 0 });
    expect((await openChannel(shop, without, proofFor(voided, without))).contiguous).toBe(false);
  });
});
