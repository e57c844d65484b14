import { batchScene, CLOSE, ZONE } from '../../support/batch-scene.ts';
import { tableServer } from '../../support/table-server.ts';

const tables = tableServer();

/** A settlement of alice's alone that waits in the mempool, and what hangs on it. */
async function pinned(child: { readonly fee: bigint; readonly virtualSize: number }) {
  const scene = await batchScene(tables());
  const [alice] = await scene.paying('alice');
  if (!alice) throw new Error('one was opened');
  await scene.at(CLOSE);
  const first = await scene.settled(alice);
  scene.mempool.addChild(first.txid, child);
  return { ...scene, alice, first };
}

const stuck = ({ lines }: Awaited<ReturnType<typeof pinned>>['shop']) =>
  lines.filter(({ event }) => event === 'settlement-stuck');

test('a settlement whose child pays more than the share cannot be replaced: that is an alarm once it matters', async () => {
  const { shop, alice, first, at, settled } = await pinned({ fee: 19_600n, virtualSize: 1_000 });
  await at(CLOSE + 1);
  expect(stuck(shop)).toEqual([]);
  await at(ZONE + 1);
  expect(stuck(shop)).toEqual([{ event: 'settlement-stuck', fields: { alarm: true, channels: [alice.id] } }]);
  expect((await settled(alice)).txid).toBe(first.txid);
});

test('one whose child can be paid for is replaced: by what both paid, and the relay of the new one', async () => {
  const { shop, alice, first, mempool, at, settled } = await pinned({ fee: 8_000n, virtualSize: 1_000 });
  await at(ZONE + 1);
  const { fee, txid } = await settled(alice);
  // 169 vB as the protocol counts it, a satoshi each.
  expect(fee).toBe(first.fee + 8_000n + 169n);
  expect(mempool.waiting()).toEqual([txid]);
  expect(stuck(shop)).toEqual([]);
});
