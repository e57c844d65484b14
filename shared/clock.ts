/** Where time comes from, so that tests can set it. */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  now(): number;
}

export const systemClock: Clock = { now: () => Date.now() };

/** Seconds since the Unix epoch, rounded down: the unit of request signatures and of DynamoDB's TTL. */
export function unixSeconds(clock: Clock): number {
  return Math.floor(clock.now() / 1000);
}
