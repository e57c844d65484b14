import { bytesToHex } from '@noble/hashes/utils.js';
import { settleChannel } from '../../../shared/channel/settle-channel.ts';
import { sweep } from '../../../shared/channel/sweep.ts';
import { batchScene, CLOSE, fundingOf, L, ZONE } from '../../support/batch-scene.ts';
import { CHANGE_SCRIPT, PAYOUT_SCRIPT, stored } from '../../support/channel-shop.ts';
import { inputsOf } from '../../support/fake-mempool.ts';
import { tableServer } from '../../support/table-server.ts';

const tables = tableServer();
const hex = bytesToHex;

describe('channels that are due together', () => {
  test('share one settlement: each change at its input, channels without change last, then the payout', async () => {
    const { shop, mempool, paying, at, settled } = await batchScene(tables());
    const [alice, bob] = await paying('alice bob');
    const [whole] = await paying('carol', { capacity: 10_000n, count: 2 });
    if (!alice || !bob || !whole) throw new Error('three were opened');
    await at(CLOSE);
    expect(shop.chain.broadcasts).toHaveLength(1);
    expect(mempool.waiting()).toHaveLength(1);
    const { transaction, fee, txid, members } = await settled(alice);
    for (const channel of [alice, bob, whole]) expect((await settled(channel)).txid).toBe(txid);
    expect([...members].sort()).toEqual([alice.id, bob.id, whole.id].sort());
    expect([transaction.version, transaction.locktime]).toEqual([3, 0]);
    const inputs = inputsOf(transaction);
    expect(inputs[2]).toEqual(fundingOf(whole));
    expect(new Set(inputs)).toEqual(new Set([alice, bob, whole].map(fundingOf)));
    const outputs = transaction.outs.map(({ script, value }) => [hex(script), BigInt(value)]);
    expect(outputs).toEqual([
      [hex(CHANGE_SCRIPT), 50_000n],
      [hex(CHANGE_SCRIPT), 50_000n],
      [hex(PAYOUT_SCRIPT), 30_000n - fee],
    ]);
    // Two sat/vB of 393 vB: 10.5, three inputs of 96.5 at their longest, three outputs of 31.
    expect(fee).toBe(786n);
  });

  test('get nothing new with the next run, nor with the next block', async () => {
    const { shop, paying, at, settled } = await batchScene(tables());
    const [alice, bob] = await paying('alice bob');
    if (!alice || !bob) throw new Error('two were opened');
    await at(CLOSE);
    const { txid } = await settled(alice);
    const signer = { ...shop.signer, sign: () => Promise.reject(new Error('signed again')) };
    expect(await sweep({ ...shop, signer })).toMatchObject({ looked: 0, failed: 0 });
    shop.chain.mine(1);
    expect(await sweep({ ...shop, signer })).toMatchObject({ looked: 2, failed: 0 });
    expect((await stored(shop, bob)).settlements.map((one) => one.txid)).toEqual([txid]);
    expect(shop.chain.broadcasts).toHaveLength(1);
  });

  test('are SETTLED together, six deep', async () => {
    const { shop, mempool, paying, at } = await batchScene(tables());
    const channels = await paying('alice bob carol');
    await at(CLOSE);
    mempool.mine();
    await sweep(shop);
    const height = shop.chain.height();
    for (const channel of channels) {
      expect(await stored(shop, channel)).toMatchObject({ state: 'CLOSING', spend: { height } });
    }
    await at(height + 5);
    for (const channel of channels) expect((await stored(shop, channel)).state).toBe('SETTLED');
    expect(shop.chain.broadcasts).toHaveLength(1);
  });

  test('each alone where fewer than 36 blocks are left', async () => {
    const { shop, paying, at, settled } = await batchScene(tables());
    const late = await paying('alice bob');
    const healthy = await paying('carol dave', { refundHeight: L + 40 });
    await at(L - 35);
    expect(shop.chain.broadcasts).toHaveLength(3);
    for (const channel of late) expect((await settled(channel)).members).toEqual([channel.id]);
    for (const channel of healthy) expect((await settled(channel)).members).toHaveLength(2);
  });
});

describe('what costs more than it brings', () => {
  test('is told and kept, in the company of others too, and taken along once fees fall', async () => {
    const { shop, paying, at, settled } = await batchScene(tables(), { stressFeeRate: '0' });
    const [rich] = await paying('alice', {}, 8);
    const [poor] = await paying('bob', {}, 1);
    if (!rich || !poor) throw new Error('two were opened');
    shop.chain.rate = 45_000n;
    shop.chain.floor = 45_000n;
    await at(CLOSE);
    expect((await stored(shop, poor)).settlements).toEqual([]);
    expect((await settled(rich)).members).toEqual([rich.id]);
    const told = shop.lines.filter(({ event }) => event === 'settlement-uneconomic');
    expect(told.map(({ fields }) => fields.channels)).toContainEqual([poor.id]);
    shop.chain.rate = 2_000n;
    shop.chain.floor = 1_000n;
    await at(CLOSE + 1);
    expect((await settled(poor)).members).toContain(poor.id);
    expect((await stored(shop, poor)).paid).toBe(1);
  });

  test('never leaves the payout below dust, whatever fees are', async () => {
    const { shop, paying, at } = await batchScene(tables(), { stressFeeRate: '0' });
    const channels = await paying('alice bob', {}, 1);
    for (const rate of [200_000n, 20_000_000n]) {
      shop.chain.rate = rate;
      shop.chain.floor = rate;
      for (const height of [CLOSE, ZONE, L - 1]) await at(height);
    }
    expect(shop.chain.broadcasts).toEqual([]);
    for (const channel of channels) expect((await stored(shop, channel)).settlements).toEqual([]);
  });
});

describe('a seller who waits for a batch', () => {
  test('complete channels wait for T_close', async () => {
    const { shop, paying, at, settled } = await batchScene(tables(), { waitForBatch: true });
    const [complete] = await paying('alice', {}, 12);
    if (!complete) throw new Error('one was opened');
    await at(CLOSE - 1);
    expect(await stored(shop, complete)).toMatchObject({ state: 'CLOSING', settlements: [] });
    await at(CLOSE);
    expect((await settled(complete)).members).toEqual([complete.id]);
  });

  test('and go along with one that is due earlier', async () => {
    const { shop, paying, at, settled } = await batchScene(tables(), { waitForBatch: true });
    const [complete] = await paying('alice', { refundHeight: L + 500 }, 12);
    const [due] = await paying('bob');
    if (!complete || !due) throw new Error('two were opened');
    await at(CLOSE);
    expect((await settled(due)).members).toHaveLength(2);
    expect((await settled(complete)).txid).toBe((await settled(due)).txid);
    expect(shop.chain.broadcasts).toHaveLength(1);
  });
});

describe('a buyer that closes', () => {
  test('is settled at once, alone, whatever else is due', async () => {
    const { shop, paying, settled } = await batchScene(tables());
    const [alice] = await paying('alice bob');
    if (!alice) throw new Error('two were opened');
    const closing = await shop.channels.change(
      alice.id,
      { states: ['OPEN'] },
      { state: 'CLOSING', dueAt: 0 },
    );
    if (!closing) throw new Error('it was OPEN');
    await settleChannel(shop, closing);
    expect((await settled(alice)).members).toEqual([alice.id]);
  });
});
