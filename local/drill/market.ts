import type { Chain } from '../../shared/chain/chain.ts';

/** A chain on which the drill says what fees are. */
export interface Market {
  readonly chain: Chain;
  /** What estimators say, satoshis per 1,000 vB. */
  rate: bigint;
}

export function market<Source extends Chain>(
  source: Source,
  rate: bigint,
): Market & { readonly chain: Source } {
  const fees = {
    rate,
    chain: { ...source, feeRate: async () => fees.rate },
  };
  return fees;
}
