import { type Drill, require } from '../drill.ts';
import { mustSend, openOne, takeBackTransaction, takeOnCredit } from '../drill-buyer.ts';
import { openShop } from '../drill-shop.ts';
import { mineTo } from '../passing-blocks.ts';

export const sellerVanishes: Drill = {
  name: 'seller-vanishes',
  disaster:
    'the seller gives out one chunk on credit and is gone for good; the buyer takes its money back at L',
  mayLoseChunks: 1,
  async run(stage) {
    const shop = await openShop(stage);
    const buyer = await openOne(stage, shop);
    await takeOnCredit(shop, buyer);
    const raw = takeBackTransaction(buyer, 2_000n).toHex();
    await mineTo(stage, buyer.terms.refundHeight - 1);
    const tooEarly = await stage.chain.broadcast(raw);
    require(tooEarly.kind === 'non-final', 'no refund is taken before L');
    await stage.mine(1);
    await mustSend(stage, raw);
    await stage.mine(6);
    return { shop, buyers: [buyer] };
  },
};
