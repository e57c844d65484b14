import { appendFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { hexToBytes } from '@noble/hashes/utils.js';
import { channelSecrets } from '../../../client/buyer/channel-secrets.ts';
import { buyerChannels } from '../../../client/buyer/channels.ts';
import { makeReceipts } from '../../../client/buyer/make-receipt.ts';
import { verifyFiles } from '../../../client/buyer/node/verify-files.ts';
import { buy } from '../../../client/buyer/purchase.ts';
import { listPurchases } from '../../../client/buyer/purchase-journal.ts';
import { encodeReceipt, type Receipt, statementMessage } from '../../../client/buyer/receipt.ts';
import { verifyReceipt } from '../../../client/buyer/verify-receipt.ts';
import type { JsonValue } from '../../../shared/errors.ts';
import { signMessage } from '../../../shared/protocol/signature.ts';
import { type BuyerWorld, buyerWorld, smallDataset } from '../../support/buyer-world.ts';

const dataset = smallDataset();

let world: BuyerWorld;
let receipt: Receipt;

/** Two channels, for what is bought fits in no single one: the first spends all it holds, the second has change. */
beforeAll(async () => {
  world = await buyerWorld(dataset, { policy: { minimumCapacity: '10000' } });
  await world.deposit(50_000n);
  await buy(
    world.buyer,
    {
      shopUrl: world.shop.url,
      dataset: 'numbers',
      output: world.output,
      limits: { maxCapacity: 10_400n },
      wait: { deposit: false, settlement: true },
    },
    ({ kind }) => {
      if (kind === 'funding-sent' || kind === 'channel-closed') setImmediate(() => world.chain.mine());
    },
  );
  const [made] = await makeReceipts(world.buyer, 'numbers');
  if (!made) throw new Error('no receipt');
  receipt = made.receipt;
});
afterAll(() => world.end());

const verify = (value: unknown) => verifyReceipt(encodeReceipt(value as Receipt));

test('a receipt shows what was bought, from whom, for how much, and what the seller took', () => {
  const { verified } = verify(receipt);
  expect(verified).toMatchObject({
    manifest: world.shop.manifestId,
    name: 'numbers',
    shop: world.shop.url,
    network: 'regtest',
    chunks: 3,
    chunksPaid: 3,
    paid: 11_000n,
    channels: [
      { first: 0, k: 2, paid: 10_000n, end: { by: 'settlement', settled: 10_000n } },
      { first: 2, k: 1, paid: 1_000n, end: { by: 'settlement', settled: 1_000n } },
    ],
  });
});

test('one that was written before the settlement holds, too', () => {
  const channels = receipt.channels.map(({ end: _, ...channel }) => channel);
  expect(verify(signed({ ...receipt, channels })).verified.channels[0]).not.toHaveProperty('end');
});

/** Every value in a JSON document by its path. */
function leaves(value: JsonValue, path: readonly (string | number)[] = []): (readonly (string | number)[])[] {
  if (typeof value !== 'object' || value === null) return [path];
  const entries = Array.isArray(value) ? [...value.entries()] : Object.entries(value);
  return entries.flatMap(([key, member]) => leaves(member as JsonValue, [...path, key]));
}

/** The document with what is at a path changed. */
function changed(value: JsonValue, [key, ...rest]: readonly (string | number)[]): JsonValue {
  if (key === undefined) return otherThan(value);
  if (Array.isArray(value))
    return value.map((member, index) => (index === key ? changed(member, rest) : member));
  const object = value as { readonly [key: string]: JsonValue };
  return { ...object, [key]: changed(object[key] ?? null, rest) };
}

/** As like it as can be: a digit more, or another last letter. */
function otherThan(value: JsonValue): JsonValue {
  if (typeof value === 'number') return value + 1;
  if (typeof value !== 'string') return null;
  const last = value.at(-1) ?? '';
  return `${value.slice(0, -1)}${last === '1' ? '2' : '1'}`;
}

test('a receipt in which anything at all was changed is refused', () => {
  const document = JSON.parse(new TextDecoder().decode(encodeReceipt(receipt)));
  const paths = leaves(document);
  expect(paths.length).toBeGreaterThan(60);
  const accepted = paths.filter((path) => {
    try {
      verify(changed(document, path));
      return true;
    } catch (error) {
      expect(error).toMatchObject({
        code: 'bad-data',
        message: expect.stringMatching(/^The receipt does not hold: /),
      });
      return false;
    }
  });
  expect(accepted).toEqual([]);
});

test.each([
  ['white space', (text: string) => `${text}\n`],
  ['a member of its own', (text: string) => `{"a":1,${text.slice(1)}`],
  ['half of it', (text: string) => text.slice(0, text.length / 2)],
  ['nothing', () => ''],
])('%s is refused', (_, spoil) => {
  const text = spoil(new TextDecoder().decode(encodeReceipt(receipt)));
  expect(() => verifyReceipt(new TextEncoder().encode(text))).toThrow(/^The receipt does not hold: /);
});

/** Signed anew by the channels' keys: what a buyer who forges its own receipt can do. */
let secrets: readonly { readonly id: Uint8Array; readonly secret: Uint8Array }[];
beforeAll(async () => {
  const [purchase] = await listPurchases(world.buyer.home);
  secrets = (purchase?.state.channels ?? []).map((channel) => {
    const { channelId, secret } = channelSecrets(channel, world.wallet.keys);
    return { id: hexToBytes(channelId), secret };
  });
});
function signed(
  value: Omit<Receipt, 'channels'> & { channels: readonly Omit<Receipt['channels'][0], 'statement'>[] },
) {
  const channels = value.channels.map((channel, index) => {
    const { id, secret } = secrets[index] ?? { id: new Uint8Array(32), secret: new Uint8Array(32).fill(1) };
    const statement = Buffer.from(signMessage(secret, statementMessage(value, id))).toString('hex');
    return { ...channel, statement };
  });
  return { ...value, channels };
}

/** The first channel changed by the buyer itself, and the receipt signed anew. */
const forged = (change: (channel: Receipt['channels'][0]) => object) =>
  signed({
    ...receipt,
    channels: receipt.channels.map((channel, index) =>
      index === 0 ? { ...channel, ...change(channel) } : channel,
    ),
  });
const flip = (hex: string) => `${hex.slice(0, -1)}${hex.endsWith('1') ? '2' : '1'}`;

test.each<[string, (channel: Receipt['channels'][0]) => object, string]>([
  [
    'a refund that the seller did not sign',
    ({ refundSignature: s }) => ({ refundSignature: flip(s) }),
    'channels.0.refundSignature',
  ],
  [
    'terms at another price',
    ({ terms }) => ({ terms: { ...terms, pricePerChunk: '4999' } }),
    'channels.0.funding',
  ],
  [
    'terms of another dataset',
    ({ terms }) => ({ terms: { ...terms, manifest: 'ab'.repeat(32) } }),
    'channels.0.terms',
  ],
  [
    'another outpoint',
    ({ outpoint }) => ({ outpoint: { ...outpoint, vout: outpoint.vout + 1 } }),
    'channels.0.funding',
  ],
  [
    'more chunks than were signed for',
    ({ payment }) => ({ payment: { ...payment, k: 3 } }),
    'channels.0.payment.k',
  ],
  [
    'fewer chunks than were signed for',
    ({ payment }) => ({ payment: { ...payment, k: 1 } }),
    'channels.0.payment.signature',
  ],
  ['another funding', (channel) => ({ funding: channel.end?.transaction }), 'channels.0.funding'],
  ['the end of another channel', () => ({ end: receipt.channels[1]?.end }), 'channels.0.end'],
  [
    'an end whose payout was changed',
    ({ end }) => ({ end: { ...end, transaction: end?.transaction.replace(/.{8}$/, '01000000') } }),
    'channels.0.end',
  ],
])('%s: refused though the buyer signed the receipt anew', (_, change, place) => {
  expect(() => verify(forged(change))).toThrow(`The receipt does not hold: ${place} `);
});

test('a manifest that the seller did not sign: refused though the buyer signed the receipt anew', () => {
  const other = signed({ ...receipt, manifestSignature: flip(receipt.manifestSignature) });
  expect(() => verify(other)).toThrow('The receipt does not hold: manifestSignature ');
});

test('the same channel twice is not twice the payment', () => {
  const [first] = receipt.channels;
  const twice = { ...receipt, channels: [first, first] } as Receipt;
  secrets = [secrets[0], secrets[0], ...secrets.slice(1)] as typeof secrets;
  expect(() => verify(signed(twice))).toThrow('The receipt does not hold: channels pay chunk 0 twice');
  secrets = [secrets[0], ...secrets.slice(2)] as typeof secrets;
});

test('the files are hashed: right, missing, and one whose byte was turned', async () => {
  const { manifest } = verify(receipt);
  expect(await verifyFiles(manifest, world.output)).toEqual({ checked: 3, missing: [] });
  const elsewhere = join(world.output, '..', 'elsewhere');
  await mkdir(join(elsewhere, 'a'), { recursive: true });
  const content = Buffer.from(dataset.data.subarray(0, 3 * 2 ** 20));
  await writeFile(join(elsewhere, 'a/first.bin'), content);
  expect(await verifyFiles(manifest, elsewhere)).toEqual({
    checked: 1,
    missing: ['empty.txt', 'b/second.bin'],
  });
  const { format: _, ...rest } = manifest;
  const files = manifest.files.map(({ path, size }) => ({ path, size }));
  const older = { ...rest, format: 'spillway-manifest/1', files } as const;
  expect(await verifyFiles(older, world.output)).toEqual({ checked: 3, missing: [] });
  content[5] = 1;
  await writeFile(join(elsewhere, 'a/first.bin'), content);
  await expect(verifyFiles(manifest, elsewhere)).rejects.toMatchObject({
    code: 'bad-data',
    evidence: { path: 'a/first.bin' },
  });
  await appendFile(join(elsewhere, 'a/first.bin'), 'x');
  expect((await verifyFiles(manifest, elsewhere)).missing).toContain('a/first.bin');
});

test('channels tell where the money is by the chain', async () => {
  expect(await buyerChannels(world.buyer)).toMatchObject([
    { name: 'numbers', standing: 'settled', paid: 10_000n, chunksPaid: 2, chunks: 2 },
    { name: 'numbers', standing: 'settled', paid: 1_000n, chunksPaid: 1, chunks: 1 },
  ]);
});

test.each([
  ['nobody', 'Nothing was paid in a purchase nobody.'],
  ['abcd', 'Nothing was paid in a purchase abcd.'],
])('a purchase that is not there (%s)', async (wanted, message) => {
  await expect(makeReceipts(world.buyer, wanted)).rejects.toMatchObject({ code: 'usage', message });
});
