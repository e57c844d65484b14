/** Why a transaction is refused, in the words of Bitcoin Core's validation state. */
export interface Rejection {
  /** Core's short reason, such as `non-final`. */
  readonly reason: string;
  /** Core's debug message, printed after the reason. */
  readonly details?: string;
  /** Core keeps unknown or spent inputs apart: they may yet arrive, and get another error code. */
  readonly missingInputs?: true;
}

export function reject(reason: string, details?: string): Rejection {
  return details === undefined ? { reason } : { reason, details };
}

export const missingInputs: Rejection = { reason: 'bad-txns-inputs-missingorspent', missingInputs: true };

export const rejectionText = (rejection: Rejection): string =>
  rejection.details === undefined ? rejection.reason : `${rejection.reason}, ${rejection.details}`;

/** Satoshis as Core prints money: whole coins, a point, at least two and at most eight decimals. */
export function formatMoney(sats: bigint): string {
  const whole = sats / 100_000_000n;
  const fraction = (sats % 100_000_000n).toString().padStart(8, '0');
  return `${whole}.${fraction.slice(0, 2)}${fraction.slice(2).replace(/0+$/, '')}`;
}

/** A fee rate as Core prints it: coins per 1,000 vB, truncated to the satoshi. */
export function formatFeeRate(fee: bigint, vsize: number): string {
  const perKilo = (fee * 1000n) / BigInt(vsize);
  return `${perKilo / 100_000_000n}.${(perKilo % 100_000_000n).toString().padStart(8, '0')} BTC/kvB`;
}
