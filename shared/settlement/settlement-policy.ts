import { MAX_FEE_RATE, SETTLED_DEPTH } from '../limits.ts';

/** The parameters of settling (docs/protocol.md, "Parameters"), all counted in blocks before the refund height L. */
export interface SettlementPolicy {
  /** T_close: settle from L − `close` on. */
  readonly close: number;
  /** The last blocks, in which a settlement may cost everything but dust; the fee curve reaches half of the share where they begin. */
  readonly emergencyZone: number;
  /** The very last blocks of the zone: what confirms in them may not be deep enough at L. The budget is used in full by then. */
  readonly reorgMargin: number;
  /** Channels with fewer blocks left settle alone. */
  readonly batchMargin: number;
  /** Satoshis per 1,000 vB that no settlement exceeds, at the size the protocol counts (real signatures are a byte or two shorter). */
  readonly maximumFeeRate: bigint;
}

export const SETTLEMENT_POLICY: SettlementPolicy = {
  close: 144,
  emergencyZone: 24,
  reorgMargin: SETTLED_DEPTH,
  batchMargin: 36,
  maximumFeeRate: MAX_FEE_RATE,
};
