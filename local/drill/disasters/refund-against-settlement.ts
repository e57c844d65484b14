import { type Drill, require } from '../drill.ts';
import { buy, openOne, takeBackTransaction } from '../drill-buyer.ts';
import { openShop } from '../drill-shop.ts';
import { closeHeight, mineEmptyTo, mineTo, runSchedule, settleAll, spendOf } from '../passing-blocks.ts';

/** Satoshis: the buyer's bids, until one more would cost it more than the chunks do. */
const BIDS = [5_000n, 20_000n, 60_000n, 100_000n];

export const refundAgainstSettlement: Drill = {
  name: 'refund-against-settlement',
  disaster:
    'no block takes the settlement up to L; then the buyer replaces it by its refund, again and again',
  mayLoseChunks: 1,
  async run(stage) {
    const shop = await openShop(stage);
    const buyer = await openOne(stage, shop);
    await buy(shop, buyer, 3);
    await mineTo(stage, closeHeight(shop, buyer));
    await runSchedule(shop);
    const { refundHeight } = buyer.terms;
    // The shop sleeps too, so that what waits at L is the cheap settlement of T_close.
    await mineEmptyTo(stage, refundHeight);
    for (const fee of BIDS) {
      const refund = takeBackTransaction(buyer, fee);
      const { kind } = await stage.chain.broadcast(refund.toHex());
      require(kind === 'accepted' ||
        kind === 'replacement-too-low', `the node judges it by its fee, not ${kind}`);
      await stage.mineEmpty(1);
      await runSchedule(shop);
      require((await spendOf(stage, buyer))?.raw.startsWith('03') === true, 'the settlement is back');
    }
    await settleAll(stage, shop, [buyer]);
    return { shop, buyers: [buyer] };
  },
};
