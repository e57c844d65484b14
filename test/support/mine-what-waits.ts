import { startTimer, type Timer } from '../../local/timer.ts';
import type { LocalShopProcess } from './local-shop.ts';

/** Milliseconds between two looks at whether a block is wanted. */
const LOOK_EVERY = 100;

/**
 * A block whenever something waits for one, and at no other time: a slow machine must not make heights run away.
 * @param shop the one that runs now; while there is none, there are no blocks
 */
export function mineWhatWaits(shop: () => Pick<LocalShopProcess, 'rpc' | 'faucet'>): Timer {
  return startTimer(LOOK_EVERY, async () => {
    const { rpc, faucet } = shop();
    const waiting = await rpc('getrawmempool').catch(() => []);
    if (Array.isArray(waiting) && waiting.length > 0) await faucet.mine(1).catch(() => []);
  });
}
