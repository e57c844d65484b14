import { type Command, InvalidArgumentError } from 'commander';
import { MAX_SATOSHIS } from '../../shared/limits.ts';
import type { Log } from '../../shared/log.ts';
import type { Buyer } from '../buyer/buyer-context.ts';
import { BuyerError } from '../buyer/errors.ts';
import { parseByteSize } from './byte-size.ts';
import { INTERRUPTED_EXIT } from './exit-codes.ts';
import { type CommandResult, runCommand } from './run-command.ts';

/** Bytes a second: with less, a link ends before a segment has come. */
const MIN_RATE = 10_000;

/** What every command of a buyer takes. */
export interface BuyerOptions {
  readonly chain?: string;
  readonly shopFolder?: string;
  readonly home?: string;
  readonly pollInterval: number;
  readonly json?: true;
}

export function addHomeOptions(command: Command): Command {
  return command
    .option(
      '--home <path>',
      'where wallet and journals are (default: SPILLWAY_HOME, or the user data folder)',
    )
    .option('--json', 'one JSON object as the last line of the output');
}

export function addBuyerOptions(command: Command): Command {
  command
    .option(
      '--chain <url>',
      'your own chain sources, separated by spaces: http://user:password@host:port of a Bitcoin Core, esplora+https://host/path of an Esplora (default: SPILLWAY_CHAIN_URL)',
    )
    .option('--shop-folder <path>', 'take the chain of the local shop in this folder')
    .option('--poll-interval <seconds>', 'pause between two looks at the chain', seconds, 2);
  return addHomeOptions(command);
}

export async function homeFolder({ home }: Pick<BuyerOptions, 'home'>): Promise<string> {
  if (home) return home;
  const { defaultHome } = await import('../buyer/node/default-home.ts');
  return defaultHome();
}

/** @throws BuyerError usage where no chain source is named */
async function chainSources({ chain, shopFolder }: BuyerOptions): Promise<readonly string[]> {
  const { chainAddresses } = await import('../../shared/config.ts');
  const named = chain ?? (shopFolder && (await shopChain(shopFolder))) ?? process.env.SPILLWAY_CHAIN_URL;
  const addresses = named && chainAddresses(named);
  if (addresses) return addresses;
  throw new BuyerError('usage', named ? 'The chain address is not a URL.' : 'No chain source is named.', {
    next: 'Give --chain http://user:password@host:port of your own Bitcoin Core, or set SPILLWAY_CHAIN_URL.',
  });
}

/** What chain sources disagree about is the buyer's to know. */
const toStderr: Log = (event, fields) => void process.stderr.write(`${event} ${JSON.stringify(fields)}\n`);

async function shopChain(folder: string): Promise<string | undefined> {
  const { environmentFile, readEnvironmentFile } = await import('../../shared/environment-file.ts');
  return (await readEnvironmentFile(environmentFile(folder))).SPILLWAY_CHAIN_URL;
}

async function openBuyer(options: BuyerOptions, signal: AbortSignal): Promise<Buyer> {
  const [{ chainFrom }, { patientChain }, { nodePlatform }, { proxyFetch }, { systemClock }, { PATIENT }] =
    await Promise.all([
      import('../../shared/chain/chain-sources.ts'),
      import('../buyer/patient-chain.ts'),
      import('../buyer/node/node-platform.ts'),
      import('../buyer/node/proxy-fetch.ts'),
      import('../../shared/clock.ts'),
      import('../buyer/retry.ts'),
    ]);
  const fetch = proxyFetch(process.env);
  return {
    ...nodePlatform(await homeFolder(options), {
      environment: process.env,
      segmentWorker: new URL('./segment-worker.js', import.meta.url),
    }),
    chain: patientChain(chainFrom(await chainSources(options), toStderr, fetch), signal),
    clock: systemClock,
    pollInterval: options.pollInterval * 1000,
    retry: PATIENT,
    fetch,
    signal,
  };
}

/** Runs a command's work: the first Ctrl-C stops it at the next safe point, and every failure ends with its exit code. */
export async function runAsBuyer(
  options: BuyerOptions,
  work: (buyer: Buyer) => Promise<CommandResult>,
): Promise<void> {
  const stop = new AbortController();
  const interrupt = () => {
    if (stop.signal.aborted) process.exit(INTERRUPTED_EXIT);
    process.stderr.write('\nstopping at the next safe point; Ctrl-C once more stops at once\n');
    stop.abort();
  };
  process.on('SIGINT', interrupt).on('SIGTERM', interrupt);
  try {
    await runCommand(options, async () => work(await openBuyer(options, stop.signal)));
  } finally {
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
  }
}

export function satoshis(text: string): bigint {
  if (!/^(0|[1-9][0-9]{0,15})$/.test(text) || BigInt(text) > MAX_SATOSHIS) {
    throw new InvalidArgumentError('must be a whole number of satoshis.');
  }
  return BigInt(text);
}

export function count(text: string): number {
  if (!/^[1-9][0-9]?$/.test(text)) throw new InvalidArgumentError('must be a whole number from 1 to 99.');
  return Number(text);
}

/** @returns bytes */
export function byteRate(text: string): number {
  const rate = parseByteSize(text.replace(/\/s$/, ''));
  if (rate === undefined || rate < MIN_RATE) {
    throw new InvalidArgumentError('must be bytes a second, e.g. 5MB or 500KiB, and at least 10kB.');
  }
  return rate;
}

export function aheadCount(text: string): number {
  return text === '0' ? 0 : count(text);
}

function seconds(text: string): number {
  if (!/^[0-9]{1,4}(\.[0-9]{1,3})?$/.test(text))
    throw new InvalidArgumentError('must be a number of seconds.');
  return Number(text);
}
