import type { Clock } from '../clock.ts';
import { Problem } from '../errors.ts';
import { MAX_TIP_AGE_MS, TIP_CACHE_MS } from '../limits.ts';
import type { Log } from '../log.ts';
import { type Chain, ChainUnavailable, type Tip } from './chain.ts';

/** Over this, either the source is stuck or blocks are rarer than in all of Bitcoin's history since 2010. */
const STALE_BLOCK_SECONDS = 3 * 60 * 60;

/** The height that requests are judged by. */
export interface Tips {
  /**
   * At most a minute old while the source answers, at most ten while it does not.
   * @throws Problem chain-unavailable, rather than guess
   */
  recent(): Promise<Tip>;
  /** Asked for now. @throws Problem chain-unavailable */
  fresh(): Promise<Tip>;
}

export function tipsOf(chain: Pick<Chain, 'tip'>, clock: Clock, log: Log): Tips {
  let last: { readonly tip: Tip; readonly fetchedAt: number } | undefined;

  async function fetchTip(): Promise<Tip> {
    const tip = await chain.tip();
    last = { tip, fetchedAt: clock.now() };
    const age = Math.floor(clock.now() / 1000) - tip.time;
    if (age > STALE_BLOCK_SECONDS) log('tip-is-stale', { alarm: true, height: tip.height, ageSeconds: age });
    return tip;
  }

  const lastNoOlderThan = (age: number) =>
    last && clock.now() - last.fetchedAt <= age ? last.tip : undefined;

  return {
    async recent() {
      const cached = lastNoOlderThan(TIP_CACHE_MS);
      if (cached) return cached;
      try {
        return await fetchTip();
      } catch (error) {
        const usable = error instanceof ChainUnavailable ? lastNoOlderThan(MAX_TIP_AGE_MS) : undefined;
        if (usable) return usable;
        throw unavailable(error);
      }
    },
    async fresh() {
      try {
        return await fetchTip();
      } catch (error) {
        throw unavailable(error);
      }
    },
  };
}

function unavailable(error: unknown): unknown {
  if (!(error instanceof ChainUnavailable)) return error;
  return new Problem('chain-unavailable', 'the chain source does not answer');
}
