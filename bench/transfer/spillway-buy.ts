import { join } from 'node:path';
import type { BenchShop } from './bench-shop.ts';
import { buyArguments, openChannel } from './buyer.ts';
import type { Contestant } from './contest.ts';
import type { Front } from './front.ts';
import { measure } from './measure.ts';

export interface Sale {
  readonly spillway: string;
  readonly shop: BenchShop;
  readonly front: Front;
  readonly manifest: string;
  readonly chunks: number;
  /** Of the command, beside what it must have. */
  readonly options: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** Told where the files are, once they are all there. */
  readonly check: (folder: string) => Promise<void>;
}

/**
 * Buys the dataset through a channel that is open already. The command is measured from its start to its end; the transfer
 * from the first request for a chunk, as nginx saw it, to the last chunk's payment, which comes after the last byte is
 * checked and synced.
 */
export function spillwayBuy({ options, front, chunks, check, ...sale }: Sale): Contestant {
  return {
    tool: ['spillway buy', ...options].join(' '),
    needs: [],
    verified: true,
    async run(folder) {
      const [home, output] = [join(folder, 'home'), join(folder, 'bought')];
      const buying = { ...sale, options, home, output };
      await openChannel(buying);
      await front.answers();
      let paid = 0;
      const measured = await measure({
        program: process.execPath,
        args: buyArguments(buying),
        environment: sale.environment,
        onLine(line) {
          if (line.startsWith(`chunk ${chunks} of ${chunks} paid`)) paid = Date.now();
        },
      });
      const requests = (await front.answers()).filter(({ path }) => path.includes('/chunks/'));
      const began = Math.min(...requests.map((answer) => answer.began));
      if (!(paid > began)) throw new Error('the buyer fetched and paid nothing');
      await check(output);
      return { ...measured, transferSeconds: (paid - began) / 1000 };
    },
  };
}
