import { closeChannel } from '../../../shared/channel/close-channel.ts';
import { sweep } from '../../../shared/channel/sweep.ts';
import { batchScene, CLOSE, fundingOf, L } from '../../support/batch-scene.ts';
import { type ChannelShop, stored } from '../../support/channel-shop.ts';
import { tableServer } from '../../support/table-server.ts';

const tables = tableServer();

describe('a run that is killed', () => {
  /** A shop whose next broadcast dies: before it is sent, or after. */
  function dying(shop: ChannelShop, sends: boolean): ChannelShop {
    const broadcast = async (raw: string): Promise<never> => {
      if (sends) await shop.chain.broadcast(raw);
      throw new Error('killed');
    };
    return { ...shop, chain: { ...shop.chain, broadcast } };
  }

  test.each([
    ['between store and broadcast', false],
    ['between broadcast and record', true],
  ])('%s leaves what the next run goes on with: the same settlement, signed once', async (_, sends) => {
    const { shop, mempool, paying, settled } = await batchScene(tables());
    const channels = await paying('alice bob');
    const [alice] = channels;
    if (!alice) throw new Error('two were opened');
    shop.chain.setHeight(CLOSE);
    await sweep(dying(shop, sends));
    const { txid } = await settled(alice);
    expect(mempool.waiting()).toEqual(sends ? [txid] : []);
    const signer = { ...shop.signer, sign: () => Promise.reject(new Error('signed again')) };
    shop.chain.mine(1);
    expect(await sweep({ ...shop, signer })).toMatchObject({ failed: 0 });
    expect(mempool.waiting()).toEqual([txid]);
    for (const channel of channels) expect((await stored(shop, channel)).settlements).toHaveLength(1);
  });

  test('after the first of two notes: the half-noted settlement is never sent, both channels get a new one', async () => {
    const { shop, mempool, paying, at, settled } = await batchScene(tables());
    const [alice, bob] = await paying('alice bob');
    if (!alice || !bob) throw new Error('two were opened');
    shop.chain.setHeight(CLOSE);
    const { channels } = shop;
    let noted = 0;
    const halfWay = {
      ...shop,
      channels: {
        ...channels,
        change: (...[id, expectation, change]: Parameters<typeof channels.change>) => {
          if (change.addSettlement && ++noted === 2) return Promise.reject(new Error('killed'));
          return channels.change(id, expectation, change);
        },
      },
    };
    expect(await sweep(halfWay)).toMatchObject({ failed: 2 });
    expect(mempool.waiting()).toEqual([]);
    await at(CLOSE + 1);
    const { txid, members } = await settled(alice);
    expect(members).toHaveLength(2);
    expect((await settled(bob)).txid).toBe(txid);
    expect(mempool.waiting()).toEqual([txid]);
  });

  test('before the settlement is stored: nothing is sent', async () => {
    const { shop, mempool, paying, at } = await batchScene(tables());
    await paying('alice bob');
    shop.chain.setHeight(CLOSE);
    const putSettlement = () => Promise.reject(new Error('killed'));
    expect(await sweep({ ...shop, channels: { ...shop.channels, putSettlement } })).toMatchObject({
      failed: 2,
    });
    expect(shop.chain.broadcasts).toEqual([]);
    await at(CLOSE + 1);
    expect(mempool.waiting()).toHaveLength(1);
  });
});

describe('runs at once', () => {
  test('ten of them settle each channel once, by a settlement that its record knows', async () => {
    const { shop, mempool, paying } = await batchScene(tables());
    const channels = await paying('alice bob carol');
    shop.chain.setHeight(CLOSE);
    await Promise.all(Array.from({ length: 10 }, () => sweep(shop)));
    shop.chain.mine(1);
    await Promise.all(Array.from({ length: 10 }, () => sweep(shop)));
    for (const channel of channels) {
      const known = (await stored(shop, channel)).settlements.map(({ txid }) => txid);
      expect(known).toContain(shop.chain.spendNow(fundingOf(channel))?.txid);
    }
    mempool.mine();
    await sweep(shop);
    shop.chain.mine(5);
    await sweep(shop);
    for (const channel of channels) expect((await stored(shop, channel)).state).toBe('SETTLED');
  });

  test('and a buyer that closes meanwhile never keep a channel from its end', async () => {
    const { shop, mempool, paying } = await batchScene(tables());
    const channels = await paying('alice bob carol');
    const [alice] = channels;
    if (!alice) throw new Error('three were opened');
    shop.chain.setHeight(CLOSE);
    await Promise.all([sweep(shop), closeChannel(shop, alice), sweep(shop)]);
    for (let block = 0; block < 3; block++) {
      mempool.mine();
      await sweep(shop);
    }
    shop.chain.mine(5);
    await sweep(shop);
    for (const channel of channels) expect((await stored(shop, channel)).state).toBe('SETTLED');
  });
});

describe('time', () => {
  test('what it does not suffice for waits for the next run, the most urgent is done first', async () => {
    const { shop, paying } = await batchScene(tables());
    const [later] = await paying('alice', { refundHeight: L + 5 });
    const [urgent] = await paying('bob');
    if (!later || !urgent) throw new Error('two were opened');
    shop.chain.setHeight(CLOSE + 5);
    let looks = 0;
    // Enough for one channel's first look and its settlement's steps, not for a second channel.
    const remaining = () => (looks++ === 1 ? 0 : 60_000);
    expect(await sweep(shop, remaining)).toMatchObject({ looked: 2, failed: 0, left: 1 });
    expect((await stored(shop, urgent)).state).toBe('CLOSING');
    expect((await stored(shop, later)).state).toBe('OPEN');
    expect(await sweep(shop, () => 60_000)).toMatchObject({ left: 0 });
    expect((await stored(shop, later)).state).toBe('CLOSING');
  });

  test('slow sources: what a run has looked at it settles, the most urgent first, and the rest comes with the next', async () => {
    const { shop, paying, settled } = await batchScene(tables());
    const later = await paying('alice bob carol dave erin', { refundHeight: L + 9 });
    const urgent = await paying('frank grace heidi ivan judy kim leo mia');
    shop.chain.setHeight(CLOSE + 9);
    for (const { id } of [...later, ...urgent]) {
      await shop.channels.change(id, { states: ['OPEN'] }, { state: 'CLOSING', dueAt: 0 });
    }
    let left = 60_000;
    const { spend } = shop.chain;
    // Four seconds for each question who spends a funding.
    const chain = {
      ...shop.chain,
      spend: (...question: Parameters<typeof spend>) => {
        left -= 4_000;
        return spend(...question);
      },
    };
    const report = await sweep({ ...shop, chain }, () => left);
    expect(report.left).toBeGreaterThan(0);
    for (const channel of urgent) expect((await settled(channel)).members).toHaveLength(8);
    for (const channel of later) expect((await stored(shop, channel)).settlements).toEqual([]);
    left = 60_000;
    expect(await sweep({ ...shop, chain }, () => left)).toMatchObject({ looked: 5, left: 0 });
    for (const channel of later) expect((await settled(channel)).members).toHaveLength(5);
  });

  test('without any left nothing is begun and nothing is lost; the run still leaves word', async () => {
    const { shop, paying } = await batchScene(tables());
    const [alice] = await paying('alice');
    if (!alice) throw new Error('one was opened');
    shop.chain.setHeight(CLOSE);
    const noted: [number, number][] = [];
    const noteSweep = async (at: number, height: number) => void noted.push([at, height]);
    const report = await sweep({ ...shop, channels: { ...shop.channels, noteSweep } }, () => 14_999);
    expect(report).toEqual({ height: CLOSE, looked: 1, failed: 0, left: 1 });
    expect((await stored(shop, alice)).state).toBe('OPEN');
    expect(noted).toEqual([[shop.clock.now(), CLOSE]]);
    expect(shop.lines.at(-1)).toEqual({ event: 'sweep-done', fields: report });
  });
});
