import { randomBytes } from 'node:crypto';
import { Transaction } from 'bitcoinjs-lib';
import { spendCoin } from '../buyer-money.ts';
import { type Drill, require } from '../drill.ts';
import { type BuyerChannel, buy, mustSend, openOne } from '../drill-buyer.ts';
import { openShop } from '../drill-shop.ts';
import { market } from '../market.ts';
import {
  closeHeight,
  mineTo,
  passUntilMined,
  runSchedule,
  settleAll,
  spendOf,
  waitingRate,
} from '../passing-blocks.ts';
import type { Stage } from '../stage.ts';

/** Satoshis per 1,000 vB: what miners want once the pin is there. */
const WANTED = 40_000n;
/** As large as a child of a version 3 transaction may be: 1,000 vB with these outputs. */
const CHILD_OUTPUTS = 28;
const CHILD_FEE = 5_000n;
const IN_TIME = 36;

export const buyerPins: Drill = {
  name: 'buyer-pins-with-a-child',
  disaster:
    'the buyer hangs the largest child there can be on its change, so that replacing the settlement is dear',
  mayLoseChunks: 1,
  async run(stage) {
    const fees = market(stage.chain, 2_000n);
    const shop = await openShop(stage, { chain: fees.chain });
    const buyer = await openOne(stage, shop);
    await buy(shop, buyer, 6);
    const close = closeHeight(shop, buyer);
    await mineTo(stage, close);
    await runSchedule(shop);
    await pin(stage, buyer);
    fees.rate = WANTED;
    require((await waitingRate(stage, buyer)) < WANTED, 'with the child no miner wants it');
    await passUntilMined(stage, shop, buyer, { rate: WANTED, atLatest: close + IN_TIME });
    await settleAll(stage, shop, [buyer]);
    return { shop, buyers: [buyer] };
  },
};

/** A child of version 3 that spends the settlement's change. */
async function pin(stage: Stage, buyer: BuyerChannel): Promise<void> {
  const spend = await spendOf(stage, buyer);
  if (!spend) throw new Error('the settlement waits');
  const change = Transaction.fromHex(spend.raw).outs[0];
  if (!change) throw new Error('the settlement has change');
  const value = BigInt(change.value);
  const each = (value - CHILD_FEE) / BigInt(CHILD_OUTPUTS);
  const outputs = Array.from({ length: CHILD_OUTPUTS }, () => ({
    script: Uint8Array.of(0, 20, ...randomBytes(20)),
    value: each,
  }));
  const child = spendCoin({ txid: spend.txid, vout: 0, value, secret: buyer.changeSecret }, outputs, 3);
  await mustSend(stage, child.toHex());
}
