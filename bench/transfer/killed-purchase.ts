import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Buying, buyArguments } from './buyer.ts';
import { killChild, startChild } from './children.ts';

const MAX_KILLS = 1_000;

/**
 * The same command again and again, killed without a warning until it once ends by itself.
 * @param killEvery milliseconds from where it says that it goes on to its end
 * @returns how often it was killed
 */
export async function buyAndKill(buying: Buying, killEvery: number): Promise<number> {
  for (let kills = 0; kills < MAX_KILLS; kills++) {
    const pipes = ['ignore', 'ignore', 'pipe'] as const;
    const buyer = startChild(process.execPath, buyArguments(buying), [...pipes], buying.environment);
    if (!buyer.stderr) throw new Error('the buyer has no pipe');
    const ended = once(buyer, 'close') as Promise<[code: number | null]>;
    const lines = createInterface({ input: buyer.stderr });
    const printed: string[] = [];
    const goesOn = new Promise<void>((resolve) => {
      lines.on('line', (line) => {
        printed.push(line);
        if (line.startsWith('going on with')) resolve();
      });
    });
    const outcome = await Promise.race([ended, goesOn.then(() => sleep(killEvery))]);
    if (outcome?.[0] === 0) return kills;
    if (outcome) throw new Error(`the buyer ended with ${outcome[0]}:\n${printed.join('\n')}`);
    await killChild(buyer);
  }
  throw new Error(`the buyer was killed ${MAX_KILLS} times and is not done`);
}

/** The commitments that a buyer signed, in the order of its journal: `k`, the number of chunks each pays for. */
export async function signedCommitments(home: string): Promise<readonly number[]> {
  const folder = join(home, 'purchases');
  const name = (await readdir(folder)).find((each) => each.endsWith('.jsonl'));
  if (!name) throw new Error('the buyer has no journal');
  const lines = (await readFile(join(folder, name), 'utf8')).split('\n').slice(0, -1);
  return lines
    .map((line) => JSON.parse(line) as { readonly record: string; readonly k: number })
    .filter(({ record }) => record === 'commitment-signed')
    .map(({ k }) => k);
}
