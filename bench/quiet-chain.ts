import type { Chain } from '../shared/chain/chain.ts';
import { systemClock } from '../shared/clock.ts';

/** A chain on which every funding is old, nothing is spent and every transaction is taken. */
export function quietChain(tip: number, script: Uint8Array): Chain {
  const confirmation = { height: 899_000, blockHash: '00'.repeat(32) };
  return {
    tip: async () => ({ height: tip, hash: '00'.repeat(32), time: Math.floor(systemClock.now() / 1000) }),
    blockHash: async () => confirmation.blockHash,
    unspentOutput: async () => ({ value: 60_000n, script, coinbase: false, confirmation }),
    spend: async () => undefined,
    feeRate: async () => 2_000n,
    broadcast: async () => ({ kind: 'accepted' }),
    testAcceptance: async () => ({ kind: 'accepted' }),
    broadcastPackage: async () => ({ kind: 'accepted' }),
    mempoolEntry: async () => undefined,
    replacementRate: async () => ({ incremental: 1_000n, floor: 1_000n }),
  };
}
