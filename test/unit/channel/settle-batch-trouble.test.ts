import { ChainDisagreement, ChainUnavailable } from '../../../shared/chain/chain.ts';
import { sweep } from '../../../shared/channel/sweep.ts';
import type { Channel } from '../../../shared/store/channel-record.ts';
import { batchScene, CLOSE, fundingOf } from '../../support/batch-scene.ts';
import { stored } from '../../support/channel-shop.ts';
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

  test('because its funding left the chain after they were settled together: all wait, and it is told', async () => {
    const { shop, paying, at } = await batchScene(tables());
    const [alice, bob] = await paying('alice bob');
    if (!alice || !bob) throw new Error('two were opened');
    await at(CLOSE);
    for (const channel of [alice, bob]) shop.chain.setSpend(fundingOf(channel), undefined);
    Object.assign(shop.chain.output(fundingOf(bob)) ?? {}, { height: undefined });
    await at(CLOSE + 1);
    expect(shop.chain.broadcasts).toHaveLength(1);
    const [told] = shop.lines.filter(({ event }) => event === 'funding-not-confirmed');
    expect(told?.fields).toEqual({
      alarm: true,
      channels: expect.arrayContaining([alice.id, bob.id]),
    });
  });

  test.each([
    ['has ended', (channel: Channel): Channel | undefined => channel],
    ['is in the table no more', () => undefined],
  ])('because it %s: the others get a settlement without it', async (_, found) => {
    const { shop, paying, at, settled } = await batchScene(tables());
    const [alice, bob] = await paying('alice bob');
    if (!alice || !bob) throw new Error('two were opened');
    await at(CLOSE);
    for (const channel of [alice, bob]) shop.chain.setSpend(fundingOf(channel), undefined);
    await shop.channels.change(bob.id, { states: ['CLOSING'] }, { state: 'EXPIRED', dueAt: 9_999 });
    const get = async (id: string) => {
      const channel = await shop.channels.get(id);
      return id === bob.id && channel ? found(channel) : channel;
    };
    shop.chain.setHeight(CLOSE + 1);
    const shopNow = { ...shop, channels: { ...shop.channels, get } };
    expect(await sweep(shopNow)).toMatchObject({ looked: 1, failed: 0 });
    expect((await settled(alice)).members).toEqual([alice.id]);
  });

  test('when the batch is sent again is found as at first, and the others get a settlement without it', async () => {
    const { shop, mempool, paying, at, settled } = await batchScene(tables());
    const [alice, bad, carol] = await paying('alice bob carol');
    if (!alice || !bad || !carol) throw new Error('three were opened');
    await at(CLOSE);
    for (const channel of [alice, bad, carol]) shop.chain.setSpend(fundingOf(channel), undefined);
    mempool.poison(fundingOf(bad));
    await at(CLOSE + 1);
    expect(shop.lines).toContainEqual({
      event: 'settlement-member-dropped',
      fields: { alarm: true, channelId: bad.id, reason: 'invalid' },
    });
    const { members, txid } = await settled(alice);
    expect([...members].sort()).toEqual([alice.id, carol.id].sort());
    expect(mempool.waiting()).toEqual([txid]);
  });

  test('alone when it is sent again is sent again with the next block, as it is', async () => {
    const { shop, mempool, paying, at, settled } = await batchScene(tables());
    const [alice] = await paying('alice');
    if (!alice) throw new Error('one was opened');
    await at(CLOSE);
    const { raw } = await settled(alice);
    shop.chain.setSpend(fundingOf(alice), undefined);
    mempool.poison(fundingOf(alice));
    for (const block of [1, 2]) await at(CLOSE + block);
    expect(shop.chain.broadcasts).toEqual([raw, raw, raw]);
    expect((await stored(shop, alice)).settlements).toHaveLength(1);
    expect(shop.lines.filter(({ event }) => event === 'settlement-member-dropped')).toEqual([]);
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

  test('by throwing when it goes on is told with everybody who shares its settlement', async () => {
    const { shop, paying, at } = await batchScene(tables());
    const channels = await paying('alice bob');
    await at(CLOSE);
    for (const channel of channels) shop.chain.setSpend(fundingOf(channel), undefined);
    const broadcast = () => Promise.reject(new Error('no answer'));
    shop.chain.setHeight(CLOSE + 1);
    expect(await sweep({ ...shop, chain: { ...shop.chain, broadcast } })).toMatchObject({ failed: 2 });
    const [told] = shop.lines.filter(({ event }) => event === 'sweep-failed');
    expect(told?.fields).toEqual({
      alarm: true,
      channels: expect.arrayContaining(channels.map(({ id }) => id)),
      reason: 'Error: no answer',
    });
  });
});

describe('chain sources that contradict each other', () => {
  test.each(['spend', 'unspentOutput'] as const)(
    'about %s keep no settlement back, and end no channel',
    async (question) => {
      const { shop, mempool, paying, settled } = await batchScene(tables());
      const channels = await paying('alice bob');
      shop.chain.setHeight(CLOSE);
      const disputed = () => Promise.reject(new ChainDisagreement('one of them lies'));
      const chain = { ...shop.chain, [question]: disputed };
      expect(await sweep({ ...shop, chain })).toMatchObject({ failed: 0 });
      const [alice] = channels;
      if (!alice) throw new Error('two were opened');
      expect(mempool.waiting()).toEqual([(await settled(alice)).txid]);
      mempool.mine();
      shop.chain.mine(5);
      await sweep({ ...shop, chain: { ...chain, spend: disputed } });
      expect((await stored(shop, alice)).state).toBe('CLOSING');
      shop.chain.mine(1);
      await sweep(shop);
      for (const channel of channels) expect((await stored(shop, channel)).state).toBe('SETTLED');
    },
  );
});

test('a settlement that the record has forgotten is found, in whichever block it is', async () => {
  const { shop, paying } = await batchScene(tables());
  const [alice] = await paying('alice');
  if (!alice) throw new Error('one was opened');
  shop.chain.spendBy(fundingOf(alice), `03000000${'00'.repeat(20)}`, '77'.repeat(32));
  shop.chain.setHeight(CLOSE);
  await sweep(shop);
  expect(await stored(shop, alice)).toMatchObject({ state: 'SETTLED', settlements: [] });
  expect(shop.chain.broadcasts).toEqual([]);
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
