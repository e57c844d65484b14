import { startTimer, type Timer } from '../../local/timer.ts';
import type { LocalShopProcess } from './local-shop.ts';

/** Milliseconds between two looks at whether a block is wanted. */
const LOOK_EVERY = 100;

/** Looks that find nothing, after which a block comes nevertheless: two seconds. */
const LOOKS_WITHOUT_BLOCK = 20;

/**
 * A block whenever something waits for one, and seldom otherwise: a slow machine must not make heights run away, but a shop
 * that was killed in the middle of a step takes the next one with the next block.
 * @param shop the one that runs now; while there is none, there are no blocks
 * @param isDeepening whether a block is wanted at every look, for the depth of what is in one already
 */
export function mineWhatWaits(
  shop: () => Pick<LocalShopProcess, 'rpc' | 'faucet'>,
  isDeepening: () => boolean = () => false,
): Timer {
  let looks = 0;
  return startTimer(LOOK_EVERY, async () => {
    const { rpc, faucet } = shop();
    const waiting = await rpc('getrawmempool').catch(() => []);
    looks += 1;
    const isWanted = isDeepening() || (Array.isArray(waiting) && waiting.length > 0);
    if (!isWanted && looks <= LOOKS_WITHOUT_BLOCK) return;
    looks = 0;
    await faucet.mine(1).catch(() => []);
  });
}
