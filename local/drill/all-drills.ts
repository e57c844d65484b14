import { batchStuck } from './disasters/batch-stuck.ts';
import { buyerPins } from './disasters/buyer-pins.ts';
import { buyerVanishes } from './disasters/buyer-vanishes.ts';
import { feesRise } from './disasters/fees-rise.ts';
import { fundingHeldBack } from './disasters/funding-held-back.ts';
import { fundingReorgedOut } from './disasters/funding-reorged-out.ts';
import { keptCancel } from './disasters/kept-cancel.ts';
import { refundAgainstSettlement } from './disasters/refund-against-settlement.ts';
import { sellerVanishes } from './disasters/seller-vanishes.ts';
import { settlementReorgedOut } from './disasters/settlement-reorged-out.ts';
import { seventyDue } from './disasters/seventy-due.ts';
import { shopDead } from './disasters/shop-dead.ts';
import { sourceLies } from './disasters/source-lies.ts';
import { sourceSilent } from './disasters/source-silent.ts';
import { killedAfterBroadcast, killedBeforeBroadcast } from './disasters/sweep-killed.ts';
import { tableRestored } from './disasters/table-restored.ts';
import { twoSweepsAtOnce } from './disasters/two-sweeps-at-once.ts';
import type { Drill } from './drill.ts';

/** Every disaster that is drilled, in the order of the table. */
export const DRILLS: readonly Drill[] = [
  buyerVanishes,
  sellerVanishes,
  feesRise,
  buyerPins,
  refundAgainstSettlement,
  fundingReorgedOut,
  settlementReorgedOut,
  fundingHeldBack,
  killedBeforeBroadcast,
  killedAfterBroadcast,
  twoSweepsAtOnce,
  sourceLies,
  sourceSilent,
  seventyDue,
  batchStuck,
  keptCancel,
  tableRestored,
  shopDead,
];
