import { type Drill, require } from '../drill.ts';
import { buy, LIFETIME, openChannels } from '../drill-buyer.ts';
import { openShop } from '../drill-shop.ts';
import { market } from '../market.ts';
import {
  closeHeight,
  mineEmptyTo,
  mineTo,
  passUntilMined,
  runSchedule,
  settleAll,
  waitingRate,
} from '../passing-blocks.ts';

/** Satoshis per 1,000 vB: what the batch was sent with, and what miners want when the zone begins. */
const BEFORE = 2_000n;
const WANTED = 150_000n;
const EMERGENCY_ZONE = 24;
const LATER = 12;

export const batchStuck: Drill = {
  name: 'batch-stuck-in-the-zone',
  disaster:
    'ten channels’ settlement waits at 2 sat/vB, nobody looks, and the emergency zone of five of them begins',
  mayLoseChunks: 0,
  async run(stage) {
    const fees = market(stage.chain, BEFORE);
    const shop = await openShop(stage, { chain: fees.chain });
    const refundHeight = (await stage.height()) + LIFETIME;
    const buyers = await openChannels(stage, shop, 10, (index) => ({
      count: 2,
      refundHeight: index % 2 === 0 ? refundHeight : refundHeight + LATER,
    }));
    for (const buyer of buyers) await buy(shop, buyer, 2);
    const [urgent, later] = buyers;
    if (!urgent || !later) throw new Error('ten were opened');
    await mineTo(stage, closeHeight(shop, later));
    await runSchedule(shop);
    await mineEmptyTo(stage, urgent.terms.refundHeight - EMERGENCY_ZONE);
    require((await waitingRate(stage, urgent)) < WANTED, 'the batch waits at a low rate');
    fees.rate = WANTED;
    const inTime = { rate: WANTED, atLatest: urgent.terms.refundHeight - 6 };
    await runSchedule(shop);
    await passUntilMined(stage, shop, urgent, inTime);
    await passUntilMined(stage, shop, later, { ...inTime, atLatest: later.terms.refundHeight - 6 });
    await settleAll(stage, shop, buyers);
    return { shop, buyers };
  },
};
