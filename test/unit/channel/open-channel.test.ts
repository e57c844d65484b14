import { bytesToHex } from '@noble/hashes/utils.js';
import { cosignRefund } from '../../../shared/channel/cosign-refund.ts';
import { isForgotten, openChannel } from '../../../shared/channel/open-channel.ts';
import { PROPOSAL_LIFETIME_MS } from '../../../shared/limits.ts';
import { channelPublicKey } from '../../../shared/protocol/keys.ts';
import { channelIdOf, encodeTerms, type Terms } from '../../../shared/protocol/terms.ts';
import {
  CHUNK,
  type ChannelShop,
  channelShop,
  DATASET,
  fund,
  open,
  type PolicyOverrides,
  propose,
  START,
  stored,
} from '../../support/channel-shop.ts';
import { dueAt, forgetAt } from '../../support/raw-item.ts';
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

describe('a proposal', () => {
  test('is stored whole, with the key that the terms derive', async () => {
    const shop = await shopOf();
    const terms = shop.terms('alice');
    const channel = await openChannel(shop, terms);
    expect(channel).toEqual({
      id: idOf(terms),
      state: 'PROPOSED',
      terms,
      shape: { totalSize: DATASET.totalSize, chunkSize: CHUNK },
      channelKey: channelPublicKey(terms.buyerKey, channelIdOf(encodeTerms(terms))),
      contiguous: true,
      createdAt: START,
      refunds: [],
      voided: false,
      paid: 0,
      paidBefore: 0,
      delivered: 0,
      unpaidLinks: 0,
      settlements: [],
    });
    expect(await stored(shop, channel)).toEqual(channel);
    expect(await dueAt(shop, channel)).toBeUndefined();
    expect(shop.lines).toEqual([
      {
        event: 'channel-proposed',
        fields: { channelId: channel.id, paid: 0, chunks: 12, capacity: '60000' },
      },
    ]);
  });

  test('sent again is the same channel, however far it has come meanwhile', async () => {
    const shop = await shopOf();
    const terms = shop.terms('alice');
    const opened = await open(shop, 'alice');
    expect(opened.id).toBe(idOf(terms));
    shop.chain.mine(1_000);
    await shop.datasets.setPrice(DATASET.manifest, 9_999n);
    shop.clock.advance(PROPOSAL_LIFETIME_MS * 2);
    expect(await openChannel(shop, terms)).toEqual(opened);
  });

  test('is one channel when fifty ask at once', async () => {
    const shop = await shopOf();
    const terms = shop.terms('alice');
    const channels = await Promise.all(Array.from({ length: 50 }, () => openChannel(shop, terms)));
    expect(new Set(channels.map(({ id }) => id)).size).toBe(1);
    expect(channels.every((channel) => channel.createdAt === START)).toBe(true);
  });

  test('that somebody was quicker with is theirs, and not written over', async () => {
    const shop = await shopOf();
    const rivals = await propose(shop, 'alice');
    shop.clock.advance(1);
    let reads = 0;
    const get = async (id: string) => (reads++ === 0 ? undefined : shop.channels.get(id));
    const late = { ...shop, channels: { ...shop.channels, get } };
    expect(await openChannel(late, rivals.terms)).toEqual(rivals);
    expect(await stored(shop, rivals)).toEqual(rivals);
  });

  test('that somebody was quicker with and that is gone again asks for another try', async () => {
    const shop = await shopOf();
    const channels = { ...shop.channels, get: async () => undefined, propose: async () => false };
    expect(await refusal(openChannel({ ...shop, channels }, shop.terms('alice')))).toBe(
      'busy: the channel was proposed and forgotten meanwhile',
    );
  });
});

describe('rule 1: the buyer key', () => {
  test('rule 1: a key belongs to one channel for ever', async () => {
    const shop = await shopOf();
    const first = await propose(shop, 'alice');
    expect(await termsRefused(shop, { nonce: new Uint8Array(16) })).toBe(
      'buyer-key-used: buyerKey: belongs to another channel',
    );
    shop.clock.advance(PROPOSAL_LIFETIME_MS);
    expect(await termsRefused(shop, { nonce: new Uint8Array(16) })).toBe(
      'buyer-key-used: buyerKey: belongs to another channel',
    );
    // The same id passes, also once the proposal was forgotten.
    expect(await propose(shop, 'alice')).toEqual({ ...first, createdAt: shop.clock.now() });
  });

  test('rule 1: of twenty channels that want one key at once a single one gets it', async () => {
    const shop = await shopOf();
    const attempts = Array.from({ length: 20 }, (_, index) =>
      openChannel(shop, shop.terms('alice', { nonce: new Uint8Array(16).fill(index) })),
    );
    const outcomes = await Promise.allSettled(attempts);
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected') expect(outcome.reason.problem).toBe('buyer-key-used');
    }
  });

  test('rule 1: the key is bound before the channel is written, so a crash between the two hurts nobody', async () => {
    const shop = await shopOf();
    const written: string[] = [];
    const { channels } = shop;
    const crashing = {
      ...shop,
      channels: {
        ...channels,
        claimBuyerKey(...parameters: Parameters<typeof channels.claimBuyerKey>) {
          written.push('key');
          return channels.claimBuyerKey(...parameters);
        },
        propose() {
          written.push('channel');
          return Promise.reject(new Error('the line is cut'));
        },
      },
    };
    await expect(openChannel(crashing, shop.terms('alice'))).rejects.toThrow('the line is cut');
    expect(written).toEqual(['key', 'channel']);
    expect((await openChannel(shop, shop.terms('alice'))).state).toBe('PROPOSED');
  });

  test('rule 1: refused terms bind no key', async () => {
    const shop = await shopOf();
    expect(await termsRefused(shop, { pricePerChunk: 1n })).toBe(
      'terms-refused: pricePerChunk: is 5000 satoshis now',
    );
    expect((await propose(shop, 'alice')).state).toBe('PROPOSED');
  });
});

describe('an unfunded, never co-signed channel lives one hour', () => {
  test('to the millisecond, whether or not the table has removed it', async () => {
    const shop = await shopOf();
    const channel = await propose(shop, 'alice');
    expect(await forgetAt(shop, channel)).toBe((START + PROPOSAL_LIFETIME_MS) / 1000);
    shop.clock.advance(PROPOSAL_LIFETIME_MS - 1);
    expect(isForgotten(shop, channel)).toBe(false);
    shop.chain.mine(1_000);
    expect((await openChannel(shop, channel.terms)).createdAt).toBe(START);
    shop.clock.advance(1);
    expect(isForgotten(shop, channel)).toBe(true);
    expect(isForgotten(shop, { ...channel, state: 'EXPIRED' })).toBe(false);
    // Forgotten terms are judged anew, and these have become too short.
    expect(await refusal(openChannel(shop, channel.terms))).toBe(
      'terms-refused: refundHeight: must be from 2288 to 4016',
    );
  });

  test('co-signed or claimed it is kept, and no proposal ever overwrites it', async () => {
    const shop = await shopOf();
    const cosigned = await propose(shop, 'alice');
    await cosignRefund(shop, cosigned, { txid: '11'.repeat(32), vout: 0 });
    const claimed = await propose(shop, 'bob');
    const outpoint = fund(shop, claimed);
    const waiting = await shop.channels.change(
      claimed.id,
      { states: ['PROPOSED'] },
      { claimed: outpoint, dueAt: 1_002 },
    );
    shop.clock.advance(PROPOSAL_LIFETIME_MS * 100);
    for (const { id, terms } of [cosigned, claimed]) {
      const before = await stored(shop, { id });
      expect(isForgotten(shop, before)).toBe(false);
      expect(await forgetAt(shop, before)).toBeUndefined();
      expect(await openChannel(shop, terms)).toEqual(before);
      const now = shop.clock.now();
      const fresh = { ...before, refunds: [], createdAt: now };
      expect(await shop.channels.propose(fresh, now - PROPOSAL_LIFETIME_MS, now / 1000)).toBe(false);
      expect(await stored(shop, { id })).toEqual(before);
    }
    expect(waiting?.claimed).toEqual(outpoint);
  });
});
