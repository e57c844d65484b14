/** Bytes a second for all workers together: one number that they share, the moment at which the next byte is due. */
export interface RateLimit {
  /** @returns milliseconds to wait after having taken so many bytes */
  take(bytes: number): number;
  /** Bytes that may be read at once without making others wait long. */
  readonly readBytes: number;
}

export interface SharedRate {
  /** Bytes a second. */
  readonly rate: number;
  /** Nanoseconds on the clock of `process.hrtime`, one for all threads of a process. */
  readonly due: SharedArrayBuffer;
}

/** What was not used for so long is not given later: a pause must not be followed by a flood. Nanoseconds. */
const BURST = 100_000_000n;
const SECOND = 1_000_000_000n;

/** @param rate bytes a second */
export function sharedRate(rate: number): SharedRate {
  return { rate, due: new SharedArrayBuffer(8) };
}

/** @param now nanoseconds */
export function rateLimit({ rate, due }: SharedRate, now = process.hrtime.bigint): RateLimit {
  const shared = new BigInt64Array(due);
  return {
    readBytes: Math.max(1024, Math.floor(rate / 32)),
    take(bytes) {
      const cost = (BigInt(bytes) * SECOND) / BigInt(rate);
      for (;;) {
        const known = Atomics.load(shared, 0);
        const moment = now();
        const earliest = moment - BURST;
        const next = (known > earliest ? known : earliest) + cost;
        // Another worker may have taken some between the look and the entry.
        if (Atomics.compareExchange(shared, 0, known, next) !== known) continue;
        return next > moment ? Number((next - moment) / 1_000_000n) : 0;
      }
    },
  };
}
