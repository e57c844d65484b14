import { issueChunk } from '../../../shared/channel/issue-chunk.ts';
import { type Drill, requireRefused } from '../drill.ts';
import { buy, known, openOne, pay } from '../drill-buyer.ts';
import { openShop } from '../drill-shop.ts';
import { closeHeight, mineTo, requireState, runSchedule, settleAll } from '../passing-blocks.ts';

export const fundingReorgedOut: Drill = {
  name: 'funding-reorged-out',
  disaster: 'a reorganisation takes the funding away after 3 chunks; it comes back ten blocks later',
  mayLoseChunks: 1,
  async run(stage) {
    const shop = await openShop(stage);
    const buyer = await openOne(stage, shop);
    await buy(shop, buyer, 3);
    await stage.takeBack(1);
    await stage.mineEmpty(2);
    await runSchedule(shop);
    await requireState(shop, [buyer], 'SUSPENDED');
    await requireRefused(pay(shop, buyer, 4), 'channel-not-open');
    await requireRefused(issueChunk(shop, await known(shop, buyer), 4), 'channel-not-open');
    await stage.mineEmpty(8);
    await stage.mine(1);
    await runSchedule(shop);
    await requireState(shop, [buyer], 'OPEN');
    await pay(shop, buyer, 4);
    await mineTo(stage, closeHeight(shop, buyer));
    await runSchedule(shop);
    await settleAll(stage, shop, [buyer]);
    return { shop, buyers: [buyer] };
  },
};
