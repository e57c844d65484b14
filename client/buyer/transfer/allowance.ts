/** Segments that must come without trouble, for each connection, before one more is tried. */
const CALM_SEGMENTS = 4;

/** How many transfers may run at a time. */
export interface Allowance {
  now(): number;
  reductions(): number;
  /** Half as many. @param since the count of reductions when the refused transfer began: those of one moment count once */
  reduce(since: number): void;
  /** A segment came without trouble. */
  calm(): void;
}

/** All of them at first, half after a refusal, one more after a while without. */
export function allowance(most: number): Allowance {
  let now = most;
  let reductions = 0;
  let calm = 0;
  return {
    now: () => now,
    reductions: () => reductions,
    reduce(since) {
      if (since !== reductions) return;
      reductions += 1;
      now = Math.max(1, Math.floor(now / 2));
      calm = 0;
    },
    calm() {
      calm += 1;
      if (now === most || calm < now * CALM_SEGMENTS) return;
      now += 1;
      calm = 0;
    },
  };
}
