import { type Drill, require } from '../drill.ts';
import { buy, openOne } from '../drill-buyer.ts';
import { openShop, shopOf } from '../drill-shop.ts';
import { closeHeight, mineTo, runSchedule, settleAll, spendOf } from '../passing-blocks.ts';

export const shopDead: Drill = {
  name: 'shop-dead-for-half-the-life',
  disaster: 'no process of the shop runs for half of the channel’s life, T_close included',
  mayLoseChunks: 1,
  async run(stage) {
    const shop = await openShop(stage);
    const buyer = await openOne(stage, shop);
    await buy(shop, buyer, 5);
    const opened = await stage.height();
    const half = Math.ceil((buyer.terms.refundHeight - opened) / 2);
    await mineTo(stage, opened + half);
    require((await stage.height()) > closeHeight(shop, buyer), 'T_close is past');
    require((await spendOf(stage, buyer)) === undefined, 'nobody has settled');
    const risen = shopOf(stage, shop.identity);
    await runSchedule(risen);
    await settleAll(stage, risen, [buyer]);
    return { shop: risen, buyers: [buyer] };
  },
};
