import fc from 'fast-check';
import { inputs } from './inputs.ts';

/** Something of ours that reads a stranger's bytes. */
export interface Target {
  readonly name: string;
  /** Inputs that it takes, to be changed. */
  readonly seeds: readonly Uint8Array[];
  /** Inputs in a run of the tests, where it is not the usual number: signing and verifying are slow. */
  readonly runs?: number;
  /** Reads an input; what it throws must be the parser's own error. */
  parse(input: Uint8Array): unknown;
  isOwnError(error: unknown): boolean;
}

/** Milliseconds of processor that no input of 64 KiB may cost: a watchdog, a thousand times what the slowest takes. */
const WATCHDOG_MS = 20_000;

/**
 * Gives a parser so many inputs of one seed.
 * @throws Error with the shortest input found that makes it throw another error than its own, or hang
 */
export async function fuzz(target: Target, seed: number, numRuns: number): Promise<void> {
  await fc.assert(
    fc.asyncProperty(inputs(target.seeds), async (input) => {
      const before = process.cpuUsage();
      try {
        await target.parse(input);
      } catch (error) {
        if (!target.isOwnError(error))
          throw new Error(`${target.name} threw another error`, { cause: error });
      }
      const { user } = process.cpuUsage(before);
      if (user / 1000 > WATCHDOG_MS) throw new Error(`${target.name} took ${user / 1000} ms`);
    }),
    { seed, numRuns },
  );
}
