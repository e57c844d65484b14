import { createHash } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import { BuyerError } from '../../client/buyer/errors.ts';
import { nodeHome } from '../../client/buyer/node/node-home.ts';
import { refund } from '../../client/buyer/refund.ts';
import { openWallet } from '../../client/buyer/wallet.ts';
import { canonicalBytes } from '../../shared/protocol/canonical-json.ts';
import { manifestMessage } from '../../shared/protocol/request.ts';
import { signMessage } from '../../shared/protocol/signature.ts';
import { attackedShop } from '../support/attacked-shop.ts';
import { type Money, moneyOf, sellerReceived } from '../support/attacks.ts';
import { withHighS } from '../support/high-s.ts';
import { type Document, type Lies, type LyingFront, startLyingFront } from '../support/lying-front.ts';
import { buyByTheBlock, journaledChannels, sdkBuyer } from '../support/sdk-buyer.ts';
import { readFolder } from '../support/test-shop.ts';

/** The real buyer before a shop that lies to it. Its money is read from the blocks. */

const PRICE_OF_ALL = 37_000n;
/** Blocks: short, so that L is near. */
const LIVES = {
  minimumLifetime: 60,
  defaultLifetime: 80,
  minimumLifeAtFunding: 40,
  stopChunks: 30,
  stopPayments: 20,
  close: 10,
};
const shop = attackedShop({ policy: LIVES });
let root: string;
let front: LyingFront;
/** The first block of a test's own. */
let from: number;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'spillway-lied-to-'));
  front = await startLyingFront(shop());
  from = (await shop().height()) + 1;
});
afterEach(async () => {
  await front.stop();
  await rm(root, { recursive: true, force: true });
});

const home = () => join(root, 'home');
const output = () => join(root, 'bought');
const lyingShop = () => ({ ...shop(), url: front.url });

/** Buys through the lies; every deposit that is asked for is paid. */
async function buy(lies: Lies, dataset = shop().dataset.manifest, limits = {}) {
  front.lies = lies;
  return buyByTheBlock(lyingShop(), home(), { dataset, output: output(), limits });
}

async function buyersError(bought: Promise<unknown>): Promise<readonly [code: string, message: string]> {
  const error = await bought.then(
    () => new Error('it bought'),
    (thrown) => thrown,
  );
  if (!(error instanceof BuyerError)) throw error;
  return [error.code, error.message];
}

/** What the wallet's coins are worth, as the blocks have them. */
async function held(): Promise<bigint> {
  const wallet = await openWallet(nodeHome(home()), 'regtest');
  const coins = await wallet.coins(sdkBuyer(shop(), home()).chain);
  return coins.reduce((sum, { value }) => sum + value, 0n);
}

/** A lie about one kind of answer. */
const about =
  (path: RegExp, change: (honest: Document) => Document): Required<Lies>['answer'] =>
  (asked, honest) =>
    path.test(asked) ? change(honest) : honest;

const SHOP = /^\/shop$/;
const DATASET = /^\/datasets\/[0-9a-f]{64}$/;
const OPEN = /^\/channels$/;
const REFUND = /\/refund$/;
const CHUNK = /\/chunks\/\d+$/;
const COMMITMENT = /\/commitments$/;
const CHANNEL = /^\/channels\/[0-9a-f]{64}$/;

describe('no money leaves the wallet when the shop', () => {
  afterEach(async () => {
    const channels = await journaledChannels(home());
    expect(channels.flatMap(({ fundings }) => fundings.filter(({ sentAt }) => sentAt !== undefined))).toEqual(
      [],
    );
    expect(await sellerReceived(shop(), from)).toBe(0n);
    expect(front.requests.filter((request) => COMMITMENT.test(request))).toEqual([]);
  });

  test.each([4, -4, 100_000])('names a tip that is %i blocks from the buyer’s own', async (far) => {
    const answer = about(SHOP, (honest) => ({
      ...honest,
      tip: { ...honest.tip, height: Math.max(0, honest.tip.height + far) },
    }));
    expect(await buyersError(buy({ answer }))).toEqual([
      'shop-dishonest',
      'The shop sees another height of the chain than your own source.',
    ]);
  });

  test.each([
    ['a later refund height', { refundHeight: 100_000 }],
    ['another price', { pricePerChunk: '5001' }],
    ['another change script', { changeScript: `0014${'00'.repeat(20)}` }],
    ['another seller key', { sellerKey: `02${'11'.repeat(32)}` }],
  ])('answers with other terms: %s', async (_, changed) => {
    const answer = about(OPEN, (honest) => ({ ...honest, terms: { ...honest.terms, ...changed } }));
    expect(await buyersError(buy({ answer }))).toEqual([
      'shop-dishonest',
      'The shop answered with other terms than were sent.',
    ]);
  });

  const flip = (signature: string) =>
    signature.slice(0, -1) + (Number.parseInt(signature.slice(-1), 16) ^ 1).toString(16);
  test.each<[string, (honest: Document) => Document]>([
    ['a bit of it is flipped', (honest) => ({ ...honest, signature: flip(honest.signature) })],
    [
      'its s is high, which no node relays',
      (honest) => ({
        ...honest,
        signature: bytesToHex(withHighS(hexToBytes(honest.signature))),
      }),
    ],
    ['it is nothing but zeros', (honest) => ({ ...honest, signature: '00'.repeat(64) })],
    [
      'it is for another outpoint',
      (honest) => ({
        ...honest,
        outpoint: { ...honest.outpoint, vout: honest.outpoint.vout + 1 },
      }),
    ],
  ])('signs a refund that would not do: %s', async (_, change) => {
    expect(await buyersError(buy({ answer: about(REFUND, change) }))).toEqual([
      'shop-dishonest',
      "The seller's refund signature is not valid.",
    ]);
  });

  test('serves a manifest that does not hash to the id', async () => {
    const bytes: Lies['bytes'] = (path, honest) =>
      path.includes('manifest') ? Buffer.from(honest.toString().replace('"data"', '"date"')) : honest;
    expect(await buyersError(buy({ bytes }))).toEqual([
      'shop-dishonest',
      'The manifest is not the one asked for.',
    ]);
  });

  test('offers the manifest under another signature', async () => {
    const answer = about(DATASET, (honest) => ({
      ...honest,
      manifestSignature: `${'0'.repeat(63)}1`.repeat(2),
    }));
    expect(await buyersError(buy({ answer }))).toEqual([
      'shop-dishonest',
      'The manifest is not signed by the seller.',
    ]);
  });

  test.each([
    ['out of the folder', '../../evil'],
    ['from the root', '/etc/evil'],
    ['through a segment', 'a/../../evil'],
    ['by backslashes', '..\\evil'],
    ['over the buyer’s own notes', '.spillway/notes'],
    ['to a device', 'a/NUL'],
  ])('sells a signed manifest whose path leads %s', async (_, path) => {
    const evil = await manifestWith([{ path, size: shop().data.length }]);
    const [code, message] = await buyersError(buy(evil.lies, evil.id));
    expect([code, message.slice(0, 27)]).toEqual(['shop-dishonest', 'The manifest is not valid: ']);
    expect(await readdir(root)).toEqual(['home']);
  });

  test('sells a signed manifest in which two files are one', async () => {
    const size = shop().data.length;
    const evil = await manifestWith([
      { path: 'a', size: 1 },
      { path: 'A', size: size - 1 },
    ]);
    const [code, message] = await buyersError(buy(evil.lies, evil.id));
    expect([code, message.slice(0, 27)]).toEqual(['shop-dishonest', 'The manifest is not valid: ']);
  });

  test('offers less or more than the manifest describes', async () => {
    const answer = about(DATASET, (honest) => ({ ...honest, totalSize: honest.totalSize + 1 }));
    expect(await buyersError(buy({ answer }))).toEqual([
      'shop-dishonest',
      'The offer does not fit its manifest.',
    ]);
  });

  test('raises the price between the offer and the channel, over what the buyer allows', async () => {
    let asked = 0;
    const answer = about(DATASET, (honest) => ({
      ...honest,
      pricePerChunk: asked++ === 0 ? honest.pricePerChunk : '50000',
    }));
    expect(await buyersError(buy({ answer }, undefined, { maxPrice: PRICE_OF_ALL }))).toEqual([
      'limit-exceeded',
      'The price is 370000 sat, over your limit of 37000 sat.',
    ]);
  });
});

test('a shop that wants the money bound for years gets two weeks at most', async () => {
  const answer = about(SHOP, (honest) => ({
    ...honest,
    policy: { ...honest.policy, defaultLifetime: 100_000, maximumLifetime: 100_000 },
  }));
  const result = await buy({ answer });
  const [channel] = await journaledChannels(home());
  expect((channel?.terms.refundHeight ?? 0) - (channel?.fundings[0]?.sentAt ?? 0)).toBeLessThanOrEqual(2_016);
  expect(result.paid).toBe(PRICE_OF_ALL);
});

describe('nothing is paid, and all of it comes back at L, when the shop', () => {
  afterEach(async () => {
    const [channel] = await journaledChannels(home());
    if (!channel?.confirmed) throw new Error('the money was bound');
    expect([channel.signed, channel.paid]).toEqual([undefined, 0]);
    expect(await channelMoney()).toMatchObject({
      bound: channel.terms.capacity,
    });
    const returned = await takeBack();
    expect(await channelMoney()).toEqual({
      toSeller: 0n,
      toBuyer: returned,
      fee: channel.terms.capacity - returned,
      bound: 0n,
    });
    expect(await sellerReceived(shop(), from)).toBe(0n);
  });

  test('delivers segments that are not what the manifest says', async () => {
    const bytes: Lies['bytes'] = (path, honest) =>
      path.includes('/chunks/') ? honest.fill(0, honest.length - 1) : honest;
    expect(await buyersError(buy({ bytes }))).toEqual([
      'bad-data',
      'Segment 0 of chunk 0 is not what the manifest says.',
    ]);
  });

  test('delivers another chunk than the one that is due', async () => {
    const bytes: Lies['bytes'] = (path, honest) =>
      path.includes('/chunks/0') ? Buffer.from(shop().data.subarray(5_242_880, 2 * 5_242_880)) : honest;
    expect(await buyersError(buy({ bytes }))).toEqual([
      'bad-data',
      'Segment 0 of chunk 0 is not what the manifest says.',
    ]);
  });

  test.each([
    ['another host', (url: string) => url.replace('127.0.0.1', 'localhost')],
    ['another port', (url: string) => url.replace(/:\d+\//, ':9/')],
    ['another scheme', (url: string) => url.replace('http:', 'ftp:')],
  ])('links to %s', async (_, change) => {
    const answer = about(CHUNK, (honest) => ({ ...honest, url: change(honest.url) }));
    expect(await buyersError(buy({ answer }))).toEqual([
      'shop-dishonest',
      'The link leads to another host than the manifest came from.',
    ]);
  });

  test('links to a chunk of another size', async () => {
    const answer = about(CHUNK, (honest) => ({ ...honest, size: honest.size - 1 }));
    expect(await buyersError(buy({ answer }))).toEqual([
      'shop-dishonest',
      'The link is not to the chunk that is due.',
    ]);
  });

  test('claims to have been paid already', async () => {
    const answer = about(CHANNEL, (honest) =>
      honest.state === 'OPEN' ? { ...honest, paid: 8, delivered: 8 } : honest,
    );
    expect(await buyersError(buy({ answer }))).toEqual([
      'shop-dishonest',
      'The shop claims more payments than were ever signed.',
    ]);
  });
});

test('a settlement that is never made: the buyer has the data, and at L its money too', async () => {
  const closing: Lies['instead'] = (path) =>
    path.endsWith('/close') ? { status: 503, document: { type: 'urn:spillway:problem:busy' } } : undefined;
  // What was bought is here and paid, so the buyer's command is content.
  expect((await buy({ instead: closing })).paid).toBe(PRICE_OF_ALL);
  const [channel] = await journaledChannels(home());
  if (!channel?.confirmed) throw new Error('the money was bound');
  expect([channel.paid, (await readFolder(output())).size]).toEqual([8, 1]);
  expect(await channelMoney()).toMatchObject({ bound: channel.terms.capacity });
  const returned = await takeBack();
  expect(await channelMoney()).toMatchObject({ toSeller: 0n, toBuyer: returned });
  expect(await held()).toBeGreaterThanOrEqual(returned);
});

test('a "paid" that is lower than the journal’s: the payment is sent again, and nothing is paid twice', async () => {
  // The buyer is stopped after two payments, with no third one signed; then the shop says that it has none of them.
  const stopped: Lies['instead'] = (path) =>
    path.endsWith('/chunks/2') ? { status: 503, document: { type: 'urn:spillway:problem:busy' } } : undefined;
  const unlinked = about(COMMITMENT, (honest) => ({ ...honest, next: null }));
  expect((await buyersError(buy({ instead: stopped, answer: unlinked })))[0]).toBe('shop-unreachable');
  const [stood] = await journaledChannels(home());
  expect([stood?.signed?.k, stood?.paid]).toEqual([2, 2]);

  const before = front.requests.length;
  let forgot = 0;
  const answer = about(CHANNEL, (honest) => {
    forgot += 1;
    return { ...honest, paid: 0, delivered: 1 };
  });
  const result = await buy({ answer });
  expect(forgot).toBeGreaterThan(0);
  // At once, and not with the next payment only: there may be none.
  const [, next] = front.requests.slice(front.requests.indexOf('GET /channels/*', before));
  expect(next).toBe('POST /channels/*/commitments');
  expect(result.paid).toBe(PRICE_OF_ALL);
  const [channel] = await journaledChannels(home());
  if (!channel?.confirmed) throw new Error('the money was bound');
  const { toSeller, toBuyer, fee } = await channelMoney();
  expect([toSeller + fee, toBuyer]).toEqual([PRICE_OF_ALL, channel.terms.capacity - PRICE_OF_ALL]);
});

test('a payment that is taken and counted as none is sent once, not for ever; what was signed is settled', async () => {
  // Told for ever it would show in the test's time alone that a buyer pays on.
  let told = 0;
  const answer = about(COMMITMENT, (honest) =>
    told++ < 3 ? { ...honest, paid: 0, delivered: 1, next: null } : honest,
  );
  expect(await buyersError(buy({ answer }))).toEqual([
    'shop-dishonest',
    'The shop took a payment and says that it was paid less.',
  ]);
  expect(front.requests.filter((request) => request.endsWith('/commitments'))).toHaveLength(1);
  const [channel] = await journaledChannels(home());
  if (!channel?.confirmed) throw new Error('the money was bound');
  expect([channel.signed?.k, channel.paid]).toEqual([1, 0]);
  await shop().mineTo(channel.terms.refundHeight - LIVES.close);
  await shop().sweep();
  await shop().faucet.mine(1);
  const { toSeller, toBuyer, fee } = await channelMoney();
  expect([toSeller + fee, toBuyer]).toEqual([5_000n, channel.terms.capacity - 5_000n]);
});

test('a cancel that the seller did not sign is not sent, and the money waits for L', async () => {
  const unsold: Lies['instead'] = (path) =>
    CHUNK.test(path) ? { status: 429, document: { type: 'urn:spillway:problem:too-many-urls' } } : undefined;
  expect((await buyersError(buy({ instead: unsold })))[0]).toBe('shop-refused');
  front.lies = {
    answer: about(/\/close$/, (honest) => ({
      ...honest,
      cancels: honest.cancels.map((cancel: Document) => ({
        ...cancel,
        signature: `${'0'.repeat(63)}1`.repeat(2),
      })),
    })),
  };
  expect(await buyersError(refund(sdkBuyer(shop(), home()), { cancel: true }))).toEqual([
    'shop-dishonest',
    "The seller's cancel signature is not valid.",
  ]);
  const [channel] = await journaledChannels(home());
  expect(await channelMoney()).toMatchObject({ bound: channel?.terms.capacity });
  const returned = await takeBack();
  expect(await channelMoney()).toMatchObject({ toSeller: 0n, toBuyer: returned });
});

/** Where the capacity of the purchase's only channel is. */
async function channelMoney(): Promise<Money> {
  const [channel] = await journaledChannels(home());
  if (!channel?.confirmed) throw new Error('the money was bound');
  return moneyOf(shop(), { terms: channel.terms, outpoint: channel.confirmed.outpoint }, from);
}

/** Mines to L and has the buyer take its refund. @returns satoshis that came back */
async function takeBack(): Promise<bigint> {
  const [channel] = await journaledChannels(home());
  if (!channel) throw new Error('no channel');
  await shop().mineTo(channel.terms.refundHeight - 1);
  const [early] = await refund(sdkBuyer(shop(), home()));
  expect(early?.status).toMatchObject({ kind: 'waiting', blocks: 1 });
  await shop().faucet.mine(1);
  const [sent] = await refund(sdkBuyer(shop(), home()));
  if (sent?.status.kind !== 'sent') throw new Error(`not sent but ${sent?.status.kind}`);
  await shop().faucet.mine(1);
  expect(sent.status.returned + sent.status.fee).toBe(channel.terms.capacity);
  return sent.status.returned;
}

/** The honest manifest with other files, signed by the seller, and the lies that sell it. */
async function manifestWith(files: readonly { readonly path: string; readonly size: number }[]) {
  const honest = await (await fetch(`${front.url}/datasets/${shop().dataset.manifest}`)).json();
  const manifest = await (await fetch(honest.manifestUrl)).json();
  const sha256 = '00'.repeat(32);
  const bytes = Buffer.from(
    canonicalBytes({ ...manifest, files: files.map((file) => ({ ...file, sha256 })) }),
  );
  const id = createHash('sha256').update(bytes).digest('hex');
  const signature = signMessage(shop().sellerSecret, manifestMessage(hexToBytes(id)));
  const offer = { ...honest, manifest: id, manifestSignature: bytesToHex(signature) };
  const lies: Lies = {
    instead: (path) => (path === `/datasets/${id}` ? { status: 200, document: offer } : undefined),
    bytes: (path, object) => (path.includes('manifest') ? bytes : object),
  };
  return { id, lies };
}
