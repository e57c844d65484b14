import type { Drill } from '../drill.ts';
import { buy, openOne } from '../drill-buyer.ts';
import { openShop } from '../drill-shop.ts';
import { closeHeight, mineTo, runSchedule, settleAll } from '../passing-blocks.ts';

export const buyerVanishes: Drill = {
  name: 'buyer-vanishes',
  disaster: 'the buyer pays for 3 chunks, gets the fourth on credit, and is never heard of again',
  mayLoseChunks: 1,
  async run(stage) {
    const shop = await openShop(stage);
    const buyer = await openOne(stage, shop);
    await buy(shop, buyer, 3);
    await mineTo(stage, closeHeight(shop, buyer));
    await runSchedule(shop);
    await settleAll(stage, shop, [buyer]);
    return { shop, buyers: [buyer] };
  },
};
