import { setTimeout as wait } from 'node:timers/promises';

/** Milliseconds between two looks, and how many there are: half a minute at most. */
const PAUSE = 20;
const TRIES = 1_500;

/** Looks again and again until there is something to see. */
export async function eventually<T>(what: string, look: () => Promise<T | undefined>): Promise<T> {
  for (let tries = 0; tries < TRIES; tries++) {
    const seen = await look();
    if (seen !== undefined) return seen;
    await wait(PAUSE);
  }
  throw new Error(`it never came to pass: ${what}`);
}
