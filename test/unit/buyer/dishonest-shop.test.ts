import { readFile } from 'node:fs/promises';
import type { BuyerError } from '../../../client/buyer/errors.ts';
import { nodeHome } from '../../../client/buyer/node/node-home.ts';
import { buy } from '../../../client/buyer/purchase.ts';
import { listPurchases } from '../../../client/buyer/purchase-journal.ts';
import { refund } from '../../../client/buyer/refund.ts';
import { type BuyerWorld, buyerWorld, smallDataset } from '../../support/buyer-world.ts';

const dataset = smallDataset();
let world: BuyerWorld;
afterEach(() => world?.end());

async function start(options = {}): Promise<void> {
  world = await buyerWorld(dataset, options);
  await world.deposit(50_000n);
}

function run() {
  const { shop, output, buyer, chain } = world;
  return buy(
    buyer,
    { shopUrl: shop.url, dataset: shop.manifestId, output, wait: { deposit: false } },
    (event) => {
      if (event.kind === 'funding-sent') setImmediate(() => chain.mine());
    },
  );
}

async function paid(): Promise<number> {
  const [purchase] = await listPurchases(nodeHome(world.home));
  return purchase?.state.channels.at(-1)?.signed?.k ?? 0;
}

describe('nothing is bound when the shop', () => {
  afterEach(() => expect(world.chain.broadcasts).toEqual([]));

  test('serves another manifest', async () => {
    await start();
    world.shop.lies.manifest = (bytes) => Buffer.concat([bytes, Buffer.from(' ')]);
    await expect(run()).rejects.toMatchObject({
      code: 'shop-dishonest',
      message: 'The manifest is not the one asked for.',
    });
  });

  test('sees another height than the buyer', async () => {
    await start();
    world.shop.lies.tip = 4;
    await expect(run()).rejects.toMatchObject({
      code: 'shop-dishonest',
      message: 'The shop sees another height of the chain than your own source.',
    });
  });

  test('answers with other terms', async () => {
    await start();
    world.shop.lies.terms = { refundHeight: 5_000 };
    await expect(run()).rejects.toMatchObject({
      code: 'shop-dishonest',
      message: 'The shop answered with other terms than were sent.',
    });
  });

  test('signs the refund wrongly', async () => {
    await start();
    world.shop.lies.refundSignature = (signature) => signature.with(63, (signature[63] ?? 0) ^ 1);
    await expect(run()).rejects.toMatchObject({
      code: 'shop-dishonest',
      message: "The seller's refund signature is not valid.",
    });
  });
});

test('a coin that is not the wallet’s own segwit output never funds a channel', async () => {
  await start();
  const { chain } = world;
  const { outputsPayingTo } = chain;
  const stranger = Buffer.from(`76a914${'11'.repeat(20)}88ac`, 'hex');
  Object.assign(chain, {
    outputsPayingTo: async (scripts: readonly Uint8Array[]) =>
      (await outputsPayingTo(scripts)).map((output) => ({ ...output, script: stranger })),
  });
  await expect(run()).rejects.toMatchObject({ code: 'funds-needed' });
  expect(chain.broadcasts).toEqual([]);
});

describe('nothing is paid for a chunk when the shop', () => {
  afterEach(async () => expect(await paid()).toBe(0));

  test('links to another host', async () => {
    await start();
    world.shop.lies.link = (link) => ({ ...link, url: 'http://127.0.0.1:9/chunks/0' });
    await expect(run()).rejects.toMatchObject({
      code: 'shop-dishonest',
      message: 'The link leads to another host than the manifest came from.',
    });
  });

  test('links to a chunk of another size', async () => {
    await start();
    world.shop.lies.link = (link) => ({ ...link, size: link.size - 1 });
    await expect(run()).rejects.toMatchObject({ message: 'The link is not to the chunk that is due.' });
  });

  test('delivers wrong bytes, twice', async () => {
    await start();
    world.shop.lies.corrupt = () => true;
    const refused = await run().catch((error: BuyerError) => error);
    const evidence = { manifest: world.shop.manifestId, chunk: 0, segment: 0, object: '/chunks/0' };
    expect(refused).toMatchObject({
      code: 'bad-data',
      message: 'Segment 0 of chunk 0 is not what the manifest says.',
      evidence,
    });
    const { keptIn } = (refused as BuyerError).evidence;
    expect((refused as BuyerError).next).toContain(keptIn);
    expect(JSON.parse(await readFile(String(keptIn), 'utf8'))).toMatchObject(evidence);
  });

  test('redirects', async () => {
    await start();
    world.shop.lies.redirect = 'http://127.0.0.1:9/';
    await expect(run()).rejects.toMatchObject({
      code: 'bad-data',
      message: 'The object store redirects to 127.0.0.1:9.',
    });
  });

  test('claims to be paid already', async () => {
    await start();
    world.shop.lies.paid = (count) => count + 1;
    await expect(run()).rejects.toMatchObject({
      code: 'shop-dishonest',
      message: 'The shop claims more payments than were ever signed.',
    });
  });
});

describe('a failing shop', () => {
  test('wrong bytes once are fetched again', async () => {
    await start();
    let times = 1;
    world.shop.lies.corrupt = () => times-- > 0;
    await expect(run()).resolves.toMatchObject({ paid: 11_000n });
  });

  test('an expired link is asked for again', async () => {
    await start();
    const { shop } = world;
    shop.lies.link = (link) => {
      if (shop.lies.expiredLinks === undefined) shop.lies.expiredLinks = 1;
      return link;
    };
    await expect(run()).resolves.toMatchObject({ paid: 11_000n });
    expect(shop.calls.filter((call) => call.includes('/chunks/0'))).toHaveLength(2);
  });

  test('a payment that was taken and never answered is sent again and paid once', async () => {
    await start();
    world.shop.lies.unanswered = { path: /commitments/, times: 1 };
    await expect(run()).resolves.toMatchObject({ paid: 11_000n });
  });

  test('a payment that never arrived is sent again by the next run', async () => {
    await start();
    world.shop.lies.refuse = { path: /commitments/, problem: 'busy', times: 3 };
    await expect(run()).rejects.toMatchObject({ code: 'shop-unreachable' });
    expect(await paid()).toBe(1);
    expect([...world.shop.channels.values()][0]?.paid).toBe(0);
    await expect(run()).resolves.toMatchObject({ paid: 11_000n });
    expect(world.shop.served).toBe(dataset.data.length);
  });

  test('a shop that forgot a payment gets the highest one again', async () => {
    await start();
    world.shop.lies.refuse = { path: /chunks\/2|commitments/, problem: 'payment-required', times: 0 };
    const { shop } = world;
    let stop = true;
    shop.lies.link = (link) => {
      if (link.chunk === 1 && stop) throw new Error('down');
      return link;
    };
    await expect(run()).rejects.toMatchObject({ code: 'shop-unreachable' });
    const [channel] = shop.channels.values();
    if (!channel) throw new Error('no channel');
    expect(channel.paid).toBe(1);
    channel.paid = 0;
    stop = false;
    await expect(run()).resolves.toMatchObject({ paid: 11_000n });
  });

  test('a clock that is off is set by the shop’s time, once', async () => {
    await start();
    world.shop.lies.refuse = {
      path: /^\/channels$/,
      problem: 'clock-skew',
      times: 1,
      members: { serverTime: Math.floor(Date.now() / 1000) + 500 },
    };
    await expect(run()).resolves.toMatchObject({ paid: 11_000n });
  });

  test('a refusal is told with what to do next, and a second run plans anew', async () => {
    await start();
    world.shop.lies.refuse = { path: /^\/channels$/, problem: 'terms-refused', times: 1 };
    await expect(run()).rejects.toMatchObject({
      code: 'shop-refused',
      problem: 'terms-refused',
      next: 'Read the shop and dataset answers again and build new terms. Do not fund this channel.',
    });
    await expect(run()).resolves.toMatchObject({ paid: 11_000n });
  });

  test('a key that was used before gives way to the next', async () => {
    await start();
    world.shop.lies.refuse = { path: /^\/channels$/, problem: 'buyer-key-used', times: 1 };
    await expect(run()).resolves.toMatchObject({ paid: 11_000n });
    const [purchase] = await listPurchases(nodeHome(world.home));
    expect(purchase?.state.channels.map(({ keyIndex, abandoned }) => [keyIndex, abandoned])).toEqual([
      [0, true],
      [1, false],
    ]);
  });
});

describe('money comes back', () => {
  test('by the refund, from its height on and not before', async () => {
    await start();
    world.shop.lies.corrupt = () => true;
    await expect(run()).rejects.toMatchObject({ code: 'bad-data' });
    const refundHeight = [...world.shop.channels.values()][0]?.terms.refundHeight ?? 0;
    const blocks = refundHeight - world.chain.height();
    const [waiting] = await refund(world.buyer);
    expect(waiting?.status).toEqual({ kind: 'waiting', refundHeight, blocks });
    world.chain.mine(blocks - 1);
    expect((await refund(world.buyer))[0]?.status).toMatchObject({ kind: 'waiting', blocks: 1 });
    world.chain.mine();
    const [sent] = await refund(world.buyer);
    if (sent?.status.kind !== 'sent') throw new Error(`not sent but ${sent?.status.kind}`);
    expect(sent.status.returned + sent.status.fee).toBe(sent.capacity);
    expect((await refund(world.buyer))[0]?.status).toEqual({ kind: 'moving' });
    world.chain.mine();
    expect((await refund(world.buyer))[0]?.status).toMatchObject({
      kind: 'ended',
      by: 'refund',
      returned: sent.status.returned,
    });
  });

  test('at once where nothing was delivered', async () => {
    await start();
    world.shop.lies.refuse = { path: /chunks\/0/, problem: 'too-many-urls', times: 1 };
    await expect(run()).rejects.toMatchObject({ problem: 'too-many-urls' });
    const [report] = await refund(world.buyer, { cancel: true });
    expect(report?.status).toEqual({ kind: 'moving' });
    world.chain.mine();
    expect((await refund(world.buyer))[0]?.status).toMatchObject({ kind: 'ended', by: 'cancel' });
  });

  test('but a cancel that the seller did not sign is not sent', async () => {
    await start();
    world.shop.lies.refuse = { path: /chunks\/0/, problem: 'too-many-urls', times: 1 };
    await expect(run()).rejects.toMatchObject({ problem: 'too-many-urls' });
    world.shop.lies.cancelSecret = new Uint8Array(32).fill(9);
    const sent = world.chain.broadcasts.length;
    await expect(refund(world.buyer, { cancel: true })).rejects.toMatchObject({
      code: 'shop-dishonest',
      message: "The seller's cancel signature is not valid.",
    });
    expect(world.chain.broadcasts).toHaveLength(sent);
  });

  test('by a cancel where the funding was confirmed too late', async () => {
    await start();
    const { shop, chain, buyer, output } = world;
    const late = buy(buyer, { shopUrl: shop.url, dataset: 'numbers', output }, (event) => {
      if (event.kind === 'funding-sent') setImmediate(() => chain.mine(40));
    });
    await expect(late).rejects.toMatchObject({ code: 'channel-expired' });
    chain.mine();
    expect((await refund(buyer))[0]?.status).toMatchObject({ kind: 'ended', by: 'cancel' });
  });

  test('though a journal says ended, a spend that a reorganisation undid is looked at again', async () => {
    await start();
    await run();
    const { chain, buyer } = world;
    chain.mine();
    expect((await refund(buyer))[0]?.status).toMatchObject({ kind: 'ended', by: 'settlement' });
    const { spend } = chain;
    chain.spend = async () => undefined;
    expect((await refund(buyer))[0]?.status).toEqual({ kind: 'moving' });
    chain.spend = spend;
    chain.mine(5);
    chain.spend = async () => undefined;
    expect((await refund(buyer))[0]?.status).toMatchObject({ kind: 'ended', by: 'settlement' });
  });

  test('a settled channel is not refunded', async () => {
    await start();
    await run();
    world.chain.mine(200);
    expect((await refund(world.buyer))[0]?.status).toMatchObject({ kind: 'ended', by: 'settlement' });
  });
});
