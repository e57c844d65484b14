import { ChainUnavailable } from '../../../shared/chain/chain.ts';
import { closeChannel } from '../../../shared/channel/close-channel.ts';
import { sweep } from '../../../shared/channel/sweep.ts';
import { batchScene, CLOSE, fundingOf, L } from '../../support/batch-scene.ts';
import { type ChannelShop, stored } from '../../support/channel-shop.ts';
import { tableServer } from '../../support/table-server.ts';

const tables = tableServer();

describe('a member that fails', () => {
  test('by an invalid commitment is found by testing alone, dropped and told; the others settle in the same run', async () => {
    const { shop, mempool, paying, at, settled, alarms } = await batchScene(tables());
    const channels = await paying('alice bob carol dave');
    const [bad, ...good] = channels;
    if (!bad) throw new Error('four were opened');
    mempool.poison(fundingOf(bad));
    await at(CLOSE);
    expect(mempool.waiting()).toHaveLength(1);
    for (const channel of good) {
      const { members, txid } = await settled(channel);
      expect([...members].sort()).toEqual(good.map(({ id }) => id).sort());
      expect(mempool.waiting()).toEqual([txid]);
    }
    expect(shop.lines).toContainEqual({
      event: 'settlement-member-dropped',
      fields: { alarm: true, channelId: bad.id, reason: 'invalid' },
    });
    expect(alarms()).toContain('settlement-member-dropped');
    // With every further block the bad one fails alone and never takes the others with it.
    await at(CLOSE + 1);
    expect(mempool.waiting()).toHaveLength(1);
    mempool.mine();
    await at(shop.chain.height() + 5);
    for (const channel of good) expect((await stored(shop, channel)).state).toBe('SETTLED');
    expect((await stored(shop, bad)).state).toBe('CLOSING');
  });

  test('because its funding is spent between the look and the broadcast', async () => {
    const { shop, mempool, paying, at, settled } = await batchScene(tables());
    const [gone, ...others] = await paying('alice bob carol');
    if (!gone) throw new Error('three were opened');
    const { broadcast } = shop.chain;
    shop.chain.broadcast = (raw) => {
      shop.chain.broadcast = broadcast;
      shop.chain.spendBy(fundingOf(gone), `03000000${'00'.repeat(20)}`, '77'.repeat(32));
      return broadcast(raw);
    };
    await at(CLOSE);
    expect(shop.lines).toContainEqual({
      event: 'settlement-member-dropped',
      fields: { alarm: true, channelId: gone.id, reason: 'missing-inputs' },
    });
    for (const channel of others) expect((await settled(channel)).members).toHaveLength(2);
    mempool.mine();
    await at(shop.chain.height() + 5);
    for (const channel of [gone, ...others]) expect((await stored(shop, channel)).state).toBe('SETTLED');
    expect((await stored(shop, gone)).spend?.txid).toBe('77'.repeat(32));
  });

  test('because its funding left the chain waits for it, and the others do not', async () => {
    const { shop, mempool, paying, at, settled } = await batchScene(tables());
    const [alice, bob] = await paying('alice bob');
    const [young] = await paying('carol', {}, 12);
    if (!alice || !bob || !young) throw new Error('three were opened');
    shop.chain.setHeight(CLOSE);
    const { output } = shop.chain;
    const funding = fundingOf(young);
    const reorged = output(funding);
    if (reorged) Object.assign(reorged, { height: undefined });
    await sweep(shop);
    expect((await settled(alice)).members).toHaveLength(2);
    expect((await stored(shop, young)).settlements).toEqual([]);
    expect(shop.lines).toContainEqual({
      event: 'funding-not-confirmed',
      fields: { alarm: true, channels: [young.id] },
    });
    if (reorged) Object.assign(reorged, { height: CLOSE });
    await at(CLOSE + 1);
    expect((await settled(young)).members).toEqual([young.id]);
    expect(mempool.waiting()).toHaveLength(2);
  });

  test('nobody fails alone and still the batch is refused: it is halved until it is taken', async () => {
    const { shop, mempool, paying, at } = await batchScene(tables());
    const channels = await paying('alice bob carol dave');
    shop.chain.outcomes.push({ kind: 'rejected', detail: 'for a reason nobody knows of' });
    await at(CLOSE);
    expect(mempool.waiting()).toHaveLength(2);
    for (const channel of channels) expect((await stored(shop, channel)).settlements).toHaveLength(2);
  });

  test('by throwing stops neither the run nor the others', async () => {
    const { shop, paying, settled } = await batchScene(tables());
    const [broken, ...others] = await paying('alice bob carol');
    if (!broken) throw new Error('three were opened');
    shop.chain.setHeight(CLOSE);
    const { spend } = shop.chain;
    const chain = {
      ...shop.chain,
      spend: (...[outpoint, ...rest]: Parameters<typeof spend>) =>
        outpoint.txid === fundingOf(broken).txid && outpoint.vout === fundingOf(broken).vout
          ? Promise.reject(new ChainUnavailable('no answer about this one'))
          : spend(outpoint, ...rest),
    };
    expect(await sweep({ ...shop, chain })).toMatchObject({ looked: 3, failed: 1, left: 0 });
    for (const channel of others) expect((await settled(channel)).members).toHaveLength(2);
  });
});

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

describe('a reorganisation', () => {
  test('one block deep: the settlement waits again, nothing new is signed, and it ends six deep all the same', async () => {
    const { shop, mempool, paying, at, settled } = await batchScene(tables());
    const channels = await paying('alice bob');
    const [alice] = channels;
    if (!alice) throw new Error('two were opened');
    await at(CLOSE);
    mempool.mine();
    await sweep(shop);
    const { txid } = await settled(alice);
    shop.chain.reorgFrom(shop.chain.height());
    shop.chain.mine(1);
    await sweep(shop);
    for (const channel of channels) {
      const { spend, state, settlements } = await stored(shop, channel);
      expect([state, spend, settlements.length]).toEqual(['CLOSING', { txid }, 1]);
    }
    mempool.mine();
    await at(shop.chain.height() + 5);
    for (const channel of channels) expect((await stored(shop, channel)).state).toBe('SETTLED');
  });
});
