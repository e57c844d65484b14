import type { Log } from '../log.ts';
import { type Chain, ChainUnavailable } from './chain.ts';

/**
 * A chain whose sources are known only once somebody asks: their addresses are in a secret. Where they cannot be had, the
 * chain is unavailable; that is not kept, so the next question tries again.
 */
export function deferredChain(make: () => Promise<Chain>, log: Log): Chain {
  let made: Promise<Chain> | undefined;
  const chain = (): Promise<Chain> => {
    made ??= make().catch((error) => {
      made = undefined;
      const reason = error instanceof Error ? error.message : String(error);
      log('chain-sources-unknown', { alarm: true, reason });
      throw new ChainUnavailable('the addresses of the chain sources cannot be had');
    });
    return made;
  };
  return {
    tip: async () => (await chain()).tip(),
    blockHash: async (height) => (await chain()).blockHash(height),
    unspentOutput: async (outpoint) => (await chain()).unspentOutput(outpoint),
    spend: async (outpoint, script, fromHeight) => (await chain()).spend(outpoint, script, fromHeight),
    feeRate: async (blocks) => (await chain()).feeRate(blocks),
    broadcast: async (raw) => (await chain()).broadcast(raw),
    testAcceptance: async (raw) => (await chain()).testAcceptance(raw),
    broadcastPackage: async (raws) => (await chain()).broadcastPackage(raws),
    mempoolEntry: async (txid) => (await chain()).mempoolEntry(txid),
    replacementRate: async () => (await chain()).replacementRate(),
  };
}
