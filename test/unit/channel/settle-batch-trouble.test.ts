import { ChainDisagreement, ChainUnavailable } from '../../../shared/chain/chain.ts';
import { sweep } from '../../../shared/channel/sweep.ts';
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
