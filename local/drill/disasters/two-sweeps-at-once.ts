import { type Drill, require } from '../drill.ts';
import { buy, known, openChannels } from '../drill-buyer.ts';
import { openShop, shopOf } from '../drill-shop.ts';
import { closeHeight, mineTo, runSchedule, settleAll } from '../passing-blocks.ts';

const AT_ONCE = 5;

export const twoSweepsAtOnce: Drill = {
  name: 'sweeps-at-once',
  disaster: 'the schedule runs five times at the same moment, at every step of three channels',
  mayLoseChunks: 0,
  async run(stage) {
    const shop = await openShop(stage);
    const buyers = await openChannels(stage, shop, 3, () => ({ count: 2 }));
    for (const buyer of buyers) await buy(shop, buyer, 2);
    const [first] = buyers;
    if (!first) throw new Error('three were opened');
    // Each run is a process of its own: nothing in memory is shared.
    const runAll = () =>
      Promise.all(Array.from({ length: AT_ONCE }, () => runSchedule(shopOf(stage, shop.identity))));
    await mineTo(stage, closeHeight(shop, first));
    await runAll();
    for (let block = 0; block < 2; block++) {
      await stage.mineEmpty(1);
      await runAll();
    }
    for (const buyer of buyers) {
      const { settlements } = await known(shop, buyer);
      require(settlements.length > 0, 'each channel has a settlement');
    }
    await stage.mine(1);
    await runAll();
    await settleAll(stage, shop, buyers);
    return { shop, buyers };
  },
};
