import type { ChildProcess } from 'node:child_process';
import type { Faucet } from '../chain/faucet.ts';
import { startTimer, type Timer } from '../timer.ts';
import { spillway, spillwayJson } from './children.ts';
import type { Tell } from './story.ts';

/** What the buyer's command is run with, beside what it buys. */
export interface Buying {
  readonly shopUrl: string;
  readonly shopFolder: string;
  readonly manifest: string;
  readonly chunks: number;
  readonly home: string;
  readonly output: string;
}

function buyArguments({ shopUrl, shopFolder, manifest, home, output }: Buying): string[] {
  const where = ['--shop-folder', shopFolder, '--home', home, '--output', output];
  return ['buy', shopUrl, manifest, ...where, '--poll-interval', '0.1', '--yes'];
}

/** How far the buyer came before it was killed. */
export interface Interrupted {
  readonly deposits: number;
  readonly chunksPaid: number;
}

/** Buys until a third of the chunks are paid for, then kills the buyer without a warning. */
export async function buyAndDie(buying: Buying, faucet: Faucet, tell: Tell): Promise<Interrupted> {
  const killAt = Math.max(1, Math.floor(buying.chunks / 3));
  let deposits = 0;
  let paid = 0;
  const onLine = (line: string, child: ChildProcess) => {
    const deposit = /pay (\d+) sat to (\w+)/.exec(line);
    if (deposit) {
      tell(`The buyer's wallet is empty. It asks for ${deposit[1]} sat; any wallet can pay that address.`);
      deposits += 1;
      void faucet.fund(deposit[2] ?? '', BigInt(deposit[1] ?? 0));
    }
    if (/^channel \w+ for/.test(line)) tell(`A channel is proposed: ${line.replace(/^channel \w+ /, '')}.`);
    if (/^the refund is signed/.test(line)) {
      tell(
        'The seller has signed the time-locked refund. Only now does the buyer send its money to the channel.',
      );
      void faucet.mine(1);
    }
    const payment = /^chunk (\d+) of/.exec(line);
    if (payment && child.exitCode === null && child.signalCode === null) paid = Number(payment[1]);
    if (paid >= killAt) child.kill('SIGKILL');
  };
  const printed: string[] = [];
  const mining = mineRegularly(faucet);
  const { code, signal } = await spillway(buyArguments(buying), (line, child) => {
    printed.push(line);
    onLine(line, child);
  }).ended;
  await mining.stop();
  if (signal !== 'SIGKILL') throw new Error(`the buyer ended by itself with ${code}:\n${printed.join('\n')}`);
  tell(`After ${paid} of ${buying.chunks} chunks the buyer is killed (SIGKILL), in the middle of its work.`);
  return { deposits, chunksPaid: paid };
}

/** Milliseconds: blocks come as they do on a live network, whatever anybody waits for, only faster. */
const BLOCK_EVERY = 300;

function mineRegularly(faucet: Faucet): Timer {
  return startTimer(BLOCK_EVERY, () => faucet.mine(1));
}

export interface Bought {
  readonly fundingTxid: string;
  readonly changeScript: string;
  readonly paid: bigint;
  readonly chunksPaid: number;
  readonly resumed: boolean;
}

/** The same command again: it goes on where it was, and waits for the settlement to be in a block. */
export async function buyTheRest(buying: Buying, faucet: Faucet, tell: Tell): Promise<Bought> {
  let resumed = false;
  const mining = mineRegularly(faucet);
  try {
    const result = await spillwayJson([...buyArguments(buying), '--wait'], (line) => {
      if (line.startsWith('going on with')) {
        resumed = true;
        tell('The same command again: the journal knows what is here and what is paid.');
      }
      if (/^channel \w+ closed/.test(line))
        tell('All chunks are here and paid. The channel closes; a block is mined.');
    });
    const { channels } = result as {
      channels: { fundingTxid: string; changeScript: string; paid: string; chunksPaid: number }[];
    };
    const [channel] = channels;
    if (!channel || channels.length > 1)
      throw new Error(`${channels.length} channels were used for one purchase`);
    return { ...channel, paid: BigInt(channel.paid), resumed };
  } finally {
    await mining.stop();
  }
}
