import { ChainUnavailable } from '../../shared/chain/chain.ts';
import type { BuyerChain } from './buyer-context.ts';
import { type RetryOptions, retry } from './retry.ts';

/** Long enough for a node that is busy or restarts, short enough to tell a wrong address soon. */
const HICCUP: RetryOptions = { retries: 4, firstDelay: 300 };

/** The same chain source, asked again where it does not answer: every question may be repeated, a broadcast too. */
export function patientChain(chain: BuyerChain, signal?: AbortSignal, options = HICCUP): BuyerChain {
  const patiently = <T>(ask: () => Promise<T>) =>
    retry(ask, options, signal, (error) => error instanceof ChainUnavailable);
  return {
    tip: () => patiently(() => chain.tip()),
    unspentOutput: (outpoint) => patiently(() => chain.unspentOutput(outpoint)),
    spend: (outpoint, script, fromHeight) => patiently(() => chain.spend(outpoint, script, fromHeight)),
    feeRate: (blocks) => patiently(() => chain.feeRate(blocks)),
    broadcast: (raw) => patiently(() => chain.broadcast(raw)),
    outputsPayingTo: (scripts) => patiently(() => chain.outputsPayingTo(scripts)),
    mempoolEntry: (txid) => patiently(() => chain.mempoolEntry(txid)),
    replacementRate: () => patiently(() => chain.replacementRate()),
  };
}
