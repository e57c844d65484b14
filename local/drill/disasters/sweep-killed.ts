import { type Drill, require } from '../drill.ts';
import { buy, known, openChannels } from '../drill-buyer.ts';
import { openShop } from '../drill-shop.ts';
import { type Death, sweepAndDie } from '../dying-sweep.ts';
import { closeHeight, mineTo, runSchedule, settleAll, spendOf } from '../passing-blocks.ts';

const killed = (death: Death, disaster: string): Drill => ({
  name: `sweep-killed-${death}`,
  disaster,
  mayLoseChunks: 0,
  async run(stage) {
    const shop = await openShop(stage);
    const buyers = await openChannels(stage, shop, 2, () => ({ count: 2 }));
    for (const buyer of buyers) await buy(shop, buyer, 2);
    const [first] = buyers;
    if (!first) throw new Error('two were opened');
    await mineTo(stage, closeHeight(shop, first));
    await sweepAndDie(stage, shop, death);
    const { settlements } = await known(shop, first);
    require(settlements.length === 1, 'the settlement is stored');
    const isThere = (await spendOf(stage, first)) !== undefined;
    require(isThere === (death === 'after-broadcast'), 'it was killed where it should be');
    await stage.mineEmpty(1);
    await runSchedule(shop);
    require((await spendOf(stage, first))?.txid ===
      settlements[0]?.txid, 'the stored one is sent, not another');
    await settleAll(stage, shop, buyers);
    return { shop, buyers };
  },
});

export const killedBeforeBroadcast = killed(
  'before-broadcast',
  'the run of the schedule is killed when the settlement is stored and not yet sent',
);

export const killedAfterBroadcast = killed(
  'after-broadcast',
  'the run of the schedule is killed when the settlement is sent and nothing more is recorded',
);
