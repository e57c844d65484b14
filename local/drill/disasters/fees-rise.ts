import { type Drill, require } from '../drill.ts';
import { buy, openOne } from '../drill-buyer.ts';
import { openShop } from '../drill-shop.ts';
import { market } from '../market.ts';
import {
  closeHeight,
  mineTo,
  passUntilMined,
  runSchedule,
  settleAll,
  waitingRate,
} from '../passing-blocks.ts';

/** Satoshis per 1,000 vB before, and after: fifty-fold. */
const BEFORE = 2_000n;
const AFTER = 100_000n;
/** Blocks for which the estimator does not notice. */
const BLIND = 6;
/** Blocks after T_close by which the settlement must be in a block. */
const IN_TIME = 36;

export const feesRise: Drill = {
  name: 'fees-rise-fifty-fold',
  disaster:
    'just after the settlement is sent at T_close, miners want fifty times as much; estimates follow late',
  mayLoseChunks: 1,
  async run(stage) {
    const fees = market(stage.chain, BEFORE);
    const shop = await openShop(stage, { chain: fees.chain });
    const buyer = await openOne(stage, shop);
    await buy(shop, buyer, 6);
    const close = closeHeight(shop, buyer);
    await mineTo(stage, close);
    await runSchedule(shop);
    require((await waitingRate(stage, buyer)) < AFTER, 'the settlement was sent at the old rate');
    for (let block = 0; block < BLIND; block++) {
      await stage.mineEmpty(1);
      await runSchedule(shop);
    }
    fees.rate = AFTER;
    await passUntilMined(stage, shop, buyer, { rate: AFTER, atLatest: close + IN_TIME });
    await settleAll(stage, shop, [buyer]);
    return { shop, buyers: [buyer] };
  },
};
