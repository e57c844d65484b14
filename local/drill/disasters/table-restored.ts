import { type AttributeValue, PutItemCommand, ScanCommand } from '@aws-sdk/client-dynamodb';
import { closeChannel } from '../../../shared/channel/close-channel.ts';
import { issueChunk } from '../../../shared/channel/issue-chunk.ts';
import { type Drill, requireRefused } from '../drill.ts';
import { known, mustSend, openOne, pay, takeBackTransaction, takeOnCredit } from '../drill-buyer.ts';
import { openShop, shopOf } from '../drill-shop.ts';
import { mineTo, requireState, runSchedule, settleAll } from '../passing-blocks.ts';
import type { Stage } from '../stage.ts';

const HOUR_MS = 3_600_000;

export const tableRestored: Drill = {
  name: 'table-restored',
  disaster:
    'the table is restored from an hour ago, and a buyer who got a chunk since then asks for a cancel',
  mayLoseChunks: 1,
  async run(stage) {
    const shop = await openShop(stage);
    const payer = await openOne(stage, shop, { credit: 0 });
    for (const k of [1, 2, 3]) await pay(shop, payer, k);
    const thief = await openOne(stage, shop);
    const backup = await itemsOf(stage, shop.identity.table);
    shop.pass(HOUR_MS / 2);
    await takeOnCredit(shop, thief);
    shop.pass(HOUR_MS / 2);

    const table = await restore(stage, backup);
    const policy = { restoredAt: shop.clock.now(), restoredHeight: await stage.height() };
    const restored = shopOf(stage, { ...shop.identity, table }, { policy });
    restored.pass(HOUR_MS);
    await requireRefused(closeChannel(restored, await known(restored, thief)), 'channel-not-open');
    await requireRefused(issueChunk(restored, await known(restored, thief), 0), 'channel-not-open');
    await runSchedule(restored);
    await requireState(restored, [payer, thief], 'CLOSING');
    await settleAll(stage, restored, [payer]);
    await mineTo(stage, thief.terms.refundHeight);
    await mustSend(stage, takeBackTransaction(thief, 1_000n).toHex());
    await stage.mine(6);
    return { shop: restored, buyers: [payer, thief] };
  },
};

type Item = Record<string, AttributeValue>;

async function itemsOf({ tables }: Stage, table: string): Promise<readonly Item[]> {
  const { Items = [] } = await tables.client.send(
    new ScanCommand({ TableName: table, ConsistentRead: true }),
  );
  return Items;
}

async function restore(stage: Stage, items: readonly Item[]): Promise<string> {
  const table = await stage.newTable();
  for (const Item of items) await stage.tables.client.send(new PutItemCommand({ TableName: table, Item }));
  return table;
}
