import { type Drill, require } from '../drill.ts';
import { buy, known, openOne } from '../drill-buyer.ts';
import { openShop } from '../drill-shop.ts';
import { closeHeight, mineTo, requireState, runSchedule, settleAll, spendOf } from '../passing-blocks.ts';

export const settlementReorgedOut: Drill = {
  name: 'settlement-reorged-out',
  disaster: 'a reorganisation takes the block with the settlement away, twice: one block deep, and five',
  mayLoseChunks: 1,
  async run(stage) {
    const shop = await openShop(stage);
    const buyer = await openOne(stage, shop);
    await buy(shop, buyer, 3);
    await mineTo(stage, closeHeight(shop, buyer));
    await runSchedule(shop);
    for (const depth of [1, 5]) {
      await stage.mine(depth);
      await runSchedule(shop);
      await requireState(shop, [buyer], 'CLOSING');
      require((await known(shop, buyer)).spend?.height !==
        undefined, 'the shop saw the settlement in a block');
      await stage.takeBack(depth);
      await stage.mineEmpty(depth + 1);
      await runSchedule(shop);
      require((await known(shop, buyer)).spend?.height === undefined, 'the shop saw that it is gone');
      require((await spendOf(stage, buyer)) !== undefined, 'the settlement waits again');
    }
    await settleAll(stage, shop, [buyer]);
    return { shop, buyers: [buyer] };
  },
};
