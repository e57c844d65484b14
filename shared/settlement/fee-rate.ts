/** Between fees (satoshis) and fee rates (satoshis per 1,000 vB), exactly. */

/** The least fee whose rate is not below `rate`: rounded up, as nodes do. */
export function feeAt(rate: bigint, virtualSize: number): bigint {
  return (rate * BigInt(virtualSize) + 999n) / 1_000n;
}

/** The highest fee whose rate is not above `rate`. */
export function feeWithin(rate: bigint, virtualSize: number): bigint {
  return (rate * BigInt(virtualSize)) / 1_000n;
}

/** The rate of a fee, rounded down. */
export function rateOf(fee: bigint, virtualSize: number): bigint {
  return (fee * 1_000n) / BigInt(virtualSize);
}

export function lesser(left: bigint, right: bigint): bigint {
  return left < right ? left : right;
}

export function greater(left: bigint, right: bigint): bigint {
  return left > right ? left : right;
}

export function sum(amounts: readonly bigint[]): bigint {
  return amounts.reduce((total, amount) => total + amount, 0n);
}
