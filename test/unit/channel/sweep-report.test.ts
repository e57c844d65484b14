import { sweep } from '../../../shared/channel/sweep.ts';
import { batchScene, CLOSE, fundingOf, L } from '../../support/batch-scene.ts';
import { openAndPaid, stored } from '../../support/channel-shop.ts';
import { tableServer } from '../../support/table-server.ts';

const tables = tableServer();

test('a run tells how long ago the last one was, in seconds', async () => {
  const { shop, at } = await batchScene(tables());
  await at(1_001);
  shop.clock.advance(61_400);
  expect(await at(1_002)).toEqual({ height: 1_002, looked: 0, failed: 0, left: 0, secondsSinceLast: 61 });
  expect(shop.lines.at(-1)).toEqual({
    event: 'sweep-done',
    fields: { height: 1_002, looked: 0, failed: 0, left: 0, secondsSinceLast: 61 },
  });
});

test('and the blocks to the nearest deadline of what was paid and is in no block', async () => {
  const { shop, mempool, paying, at } = await batchScene(tables());
  // The one that is first to end was paid nothing: nothing of the seller's is at stake in it.
  await paying('unpaid', { refundHeight: L - 2 }, 0);
  await paying('later', { refundHeight: L + 1 });
  const [soon] = await paying('soon');
  expect(await at(CLOSE - 3)).not.toHaveProperty('blocksToDeadline');
  shop.chain.setHeight(CLOSE + 1);
  const { due } = shop.channels;
  const lastFirst: typeof due = async (...parameters) => (await due(...parameters)).toReversed();
  const report = await sweep({ ...shop, channels: { ...shop.channels, due: lastFirst } });
  expect(report).toMatchObject({ looked: 3, failed: 0, blocksToDeadline: 143 });
  mempool.mine();
  // Known to be in a block from the run after the one that sees it.
  await at(shop.chain.height());
  expect(await at(shop.chain.height() + 1)).not.toHaveProperty('blocksToDeadline');
  expect(soon && (await stored(shop, soon)).spend?.height).toBe(shop.chain.height() - 1);
});

test('a part that fails names its channels', async () => {
  const { shop, paying } = await batchScene(tables());
  const channels = await paying('alice bob');
  shop.chain.setHeight(CLOSE);
  const broken = { ...shop, chain: { ...shop.chain, feeRate: () => Promise.reject(new Error('no line')) } };
  await sweep(broken);
  const [line] = shop.lines.filter(({ event }) => event === 'sweep-failed');
  expect(line?.fields).toEqual({
    alarm: true,
    channels: expect.arrayContaining(channels.map(({ id }) => id)),
    reason: 'Error: no line',
  });
});

describe('a channel whose funding is watched', () => {
  test('is looked for by its block alone, as long as that is in the chain', async () => {
    const { shop } = await batchScene(tables());
    const channel = await openAndPaid(shop, 'alice', 2);
    shop.chain.mine(1);
    const asked: string[] = [];
    const chain = {
      ...shop.chain,
      unspentOutput(...parameters: Parameters<typeof shop.chain.unspentOutput>) {
        asked.push('output');
        return shop.chain.unspentOutput(...parameters);
      },
    };
    const due = { ...shop, chain, channels: { ...shop.channels, due: async () => [channel.id] } };
    expect(await sweep(due)).toMatchObject({ looked: 1, failed: 0 });
    expect(asked).toEqual([]);
    expect((await stored(shop, channel)).state).toBe('OPEN');
  });

  test('is never ended for its age while it is to be closed', async () => {
    const { shop, at } = await batchScene(tables());
    const channel = await openAndPaid(shop, 'alice', 2, { refundHeight: L });
    shop.chain.reorgFrom((channel.funding?.height ?? 0) - 1);
    shop.chain.drop(fundingOf(channel));
    await shop.channels.change(channel.id, { states: ['OPEN'] }, { state: 'SUSPENDED' });
    await at(L + 144);
    expect((await stored(shop, channel)).state).toBe('CLOSING');
  });
});
