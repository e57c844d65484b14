import { getPublicKey } from '@noble/secp256k1';
import fc from 'fast-check';
import { CHANNEL_STATES } from '../../../shared/http/api.ts';
import type {
  Channel,
  ChannelChange,
  ChannelStore,
  Expectation,
} from '../../../shared/store/channel-record.ts';
import { dynamoChannels } from '../../../shared/store/dynamo-channels.ts';
import { secretOf } from '../../support/channel-buyer.ts';
import { CHANGE_SCRIPT, CHUNK, SELLER_KEY } from '../../support/channel-shop.ts';
import { memoryChannels } from '../../support/memory-channels.ts';
import { tableServer } from '../../support/table-server.ts';

const tables = tableServer();

const SEED = 20261126;
const HISTORIES = 60;
const IDS = ['00', '01', 'ff'].map((byte) => byte.repeat(32));
const KEYS = ['one', 'two'].map((name) => getPublicKey(secretOf(name), true));

const channelOf = (id: string, createdAt: number): Channel => ({
  id,
  state: 'PROPOSED',
  terms: {
    network: 'regtest',
    buyerKey: SELLER_KEY,
    sellerKey: SELLER_KEY,
    manifest: 'ab'.repeat(32),
    first: 0,
    count: 9,
    pricePerChunk: 5_000n,
    credit: 1,
    capacity: 60_000n,
    refundHeight: 2_000,
    changeScript: CHANGE_SCRIPT,
    nonce: new Uint8Array(16),
  },
  shape: { totalSize: 9 * CHUNK, chunkSize: CHUNK },
  channelKey: SELLER_KEY,
  contiguous: true,
  createdAt,
  refunds: [],
  voided: false,
  paid: 0,
  paidBefore: 0,
  delivered: 0,
  unpaidLinks: 0,
  settlements: [],
});

const small = fc.nat({ max: 3 });
const id = fc.constantFrom(...IDS);
const outpoint = fc.record({ txid: id, vout: small });
const signature = small.map((byte) => new Uint8Array(64).fill(byte));
const states = fc.subarray([...CHANNEL_STATES], { minLength: 1 });
const often = { maxLength: CHANNEL_STATES.length, minLength: 5 };
const expectation: fc.Arbitrary<Expectation> = fc.record(
  {
    states: fc.oneof(fc.subarray([...CHANNEL_STATES], often), states),
    paid: small,
    paidBelow: small,
    paidAtLeast: small,
    delivered: small,
    unpaidLinksBelow: small,
    unclaimed: fc.constant(true as const),
    refunds: small,
    settlements: small,
  },
  { requiredKeys: ['states'] },
);
const change: fc.Arbitrary<ChannelChange> = fc
  .record(
    {
      state: fc.constantFrom(...CHANNEL_STATES),
      claimed: outpoint,
      funding: fc.record({ outpoint, height: small, blockHash: id }),
      voided: fc.boolean(),
      paid: small,
      commitment: signature,
      delivered: small,
      addRefund: fc.record({ outpoint, signature }),
      addSettlement: fc.record({ txid: id, signedAtHeight: small }),
      spend: fc.record({ txid: id, height: small }, { requiredKeys: ['txid'] }),
    },
    { requiredKeys: [] },
  )
  .chain((set) =>
    fc.oneof(
      fc.constant({ ...set, dueAt: 1 }),
      fc.constant({ ...set, dueAt: 2, unpaidLinks: 1 }),
      fc.constant({ ...set, oneMoreUnpaidLink: true as const, voided: true }),
      // Nobody archives what is added to.
      fc.constant({ ...(set.state && { state: set.state }), archiveAt: 2_000_000_000 }),
    ),
  );

/** One request of a store and what it answers. */
type Ask = (store: ChannelStore) => Promise<unknown>;
const named = (name: string, ask: Ask): { readonly ask: Ask; toString(): string } => ({
  ask,
  toString: () => name,
});
const asks = fc.oneof(
  {
    weight: 2,
    arbitrary: fc
      .tuple(id, small)
      .map(([one, at]) =>
        named(`propose ${one} ${at}`, (store) => store.propose(channelOf(one, at), at - 1, 1)),
      ),
  },
  {
    weight: 6,
    arbitrary: fc
      .tuple(id, expectation, change)
      .map(([one, expected, wanted]) =>
        named(`change ${fc.stringify([one, expected, wanted])}`, (store) =>
          store.change(one, expected, wanted),
        ),
      ),
  },
  { weight: 1, arbitrary: id.map((one) => named(`get ${one}`, (store) => store.get(one))) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(id, fc.constantFrom(...KEYS))
      .map(([one, key]) => named(`claim ${one}`, (store) => store.claimBuyerKey(key, one))),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(id, small)
      .map(([one, chunk]) => named(`link ${one} ${chunk}`, (store) => store.countPaidLink(one, chunk, 7, 2))),
  },
  { weight: 1, arbitrary: small.map((at) => named(`sweep ${at}`, (store) => store.noteSweep(at, at))) },
  // Of what is due at one height any may come first.
  {
    weight: 2,
    arbitrary: small.map((at) => named(`due ${at}`, async (store) => [...(await store.due(at, 10))].sort())),
  },
);

test('the store in memory answers as DynamoDB does, whatever it is asked, in whatever order', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(asks, { minLength: 10, maxLength: 30, size: 'max' }), async (history) => {
      const real = dynamoChannels(tables().client, await tables().createTable());
      const memory = memoryChannels();
      for (const { ask } of history) expect(await ask(memory)).toEqual(await ask(real));
      for (const one of IDS) expect(await memory.get(one)).toEqual(await real.get(one));
    }),
    { seed: SEED, numRuns: HISTORIES },
  );
}, 120_000);
