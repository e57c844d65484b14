import { spawnSync } from 'node:child_process';
import { mkdir, rm } from 'node:fs/promises';
import type { Measured } from './measure.ts';

/** Whoever moves the bytes. */
export interface Contestant {
  readonly tool: string;
  /** What it runs; it is left out where one of them is not there. */
  readonly needs: readonly string[];
  /** Whether it checks what it brought. */
  readonly verified: boolean;
  /** @param folder empty, for everything it makes */
  run(folder: string): Promise<Run>;
}

export interface Run extends Measured {
  /** Of the transfer itself, where it is less than the command's. */
  readonly transferSeconds: number;
}

/** Every contestant in turn, again and again, so that whatever else the machine does hits all of them. */
export async function compete(
  contestants: readonly Contestant[],
  runs: number,
  folder: string,
  progress: (line: string) => void,
): Promise<ReadonlyMap<Contestant, readonly Run[]>> {
  const results = new Map<Contestant, Run[]>(contestants.map((contestant) => [contestant, []]));
  for (let number = 1; number <= runs; number++) {
    for (const [contestant, done] of results) {
      await mkdir(folder);
      // What an earlier run left to be written would be written in this one's time.
      spawnSync('sync', ['-f', folder]);
      const run = await contestant.run(folder);
      await rm(folder, { recursive: true });
      done.push(run);
      progress(`run ${number} of ${runs}, ${contestant.tool}: ${run.transferSeconds.toFixed(2)} s`);
    }
  }
  return results;
}
