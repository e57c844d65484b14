import { homedir } from 'node:os';
import { join } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import type { LocalShop } from '../../local/start-shop.ts';
import { environmentFile, readEnvironmentFile } from '../../shared/environment-file.ts';
import { shopChannelsCommand, shopStatusCommand } from './shop-reports.ts';

const DEFAULT_FOLDER = join(homedir(), '.spillway', 'shop');

interface DevOptions {
  readonly folder: string;
  readonly sweepEvery: number;
  readonly blockEvery: number;
  readonly chain?: 'bitcoind' | 'embedded';
  readonly policy?: Readonly<Record<string, unknown>>;
  readonly json?: true;
}

interface FaucetOptions {
  readonly folder: string;
  readonly json?: true;
}

/** `spillway shop …`: how a shop does, and a shop on this machine with the money of its regtest chain. */
export function shopCommand(): Command {
  const shop = new Command('shop').description(
    'how a shop does; a shop on this machine, on a chain of its own (regtest)',
  );
  shop
    .command('dev')
    .description('start the local shop: handlers, table, object store, chain and schedule in one process')
    .option('--folder <path>', 'everything the shop keeps', DEFAULT_FOLDER)
    .option('--sweep-every <seconds>', 'pause between two runs of the schedule', seconds, 5)
    .option('--block-every <seconds>', 'mine a block that often; 0 for never', seconds, 10)
    .option('--chain <kind>', 'bitcoind or embedded; without it a bitcoind if there is one', chainKind)
    .option('--policy <json>', 'differences from the default policy, e.g. \'{"close":20}\'', policy)
    .option('--json', 'print one JSON object when ready')
    .addHelpText('after', '\nExample:\n  spillway shop dev --folder ./my-shop')
    .action(runDevShop);
  shop
    .command('fund')
    .argument('<address>')
    .argument('<satoshis>', 'how many', coins)
    .description('pay regtest coins to an address and mine the block that confirms them')
    .addHelpText('after', '\nExample:\n  spillway shop fund bcrt1q… 50000 --folder ./my-shop')
    .option('--folder <path>', "the shop's folder", DEFAULT_FOLDER)
    .option('--json', 'one JSON object as the last line of the output')
    .action(async (address: string, satoshis: bigint, { folder, json }: FaucetOptions) => {
      const faucet = await faucetOf(folder);
      const txid = await faucet.fund(address, satoshis);
      console.log(json ? JSON.stringify({ txid }) : txid);
      await faucet.mine(1);
    });
  shop
    .command('mine')
    .argument('[blocks]', 'how many', blockCount, 1)
    .description('mine regtest blocks')
    .addHelpText('after', '\nExample:\n  spillway shop mine 6 --folder ./my-shop')
    .option('--folder <path>', "the shop's folder", DEFAULT_FOLDER)
    .option('--json', 'one JSON object as the last line of the output')
    .action(async (blocks: number, { folder, json }: FaucetOptions) => {
      const hashes = await (await faucetOf(folder)).mine(blocks);
      if (json) console.log(JSON.stringify({ blocks: hashes }));
    });
  return shop.addCommand(shopStatusCommand()).addCommand(shopChannelsCommand());
}

async function runDevShop({
  folder,
  sweepEvery,
  blockEvery,
  chain,
  policy,
  json,
}: DevOptions): Promise<void> {
  const [{ startShop }, { regtestFaucet }, { startTimer }, { logToFile }] = await Promise.all([
    import('../../local/start-shop.ts'),
    import('../../local/chain/faucet.ts'),
    import('../../local/timer.ts'),
    import('../../local/log-file.ts'),
  ]);
  const print = console.log;
  const logPath = join(folder, 'shop.log');
  logToFile(logPath);
  const shop = await startShop({
    folder,
    sweepEvery: sweepEvery * 1000,
    ...(chain && { chain }),
    ...(policy && { policy }),
    storefront: true,
  });
  const faucet = regtestFaucet(shop.chain.url);
  const miner = blockEvery > 0 ? startTimer(blockEvery * 1000, () => faucet.mine(1)) : undefined;
  const { url, storefrontUrl } = shop;
  if (json)
    print(JSON.stringify({ ready: true, url, storefront: storefrontUrl, folder, chain: shop.chain.kind }));
  else print(introduction(shop, folder, logPath));

  const stop = async () => {
    await miner?.stop();
    await shop.stop();
    process.exit(0);
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void stop());
}

function introduction({ url, storefrontUrl, chain }: LocalShop, folder: string, logPath: string): string {
  const chainName = chain.kind === 'bitcoind' ? 'a real bitcoind' : 'the embedded ledger';
  return `The shop is open at ${url}, on ${chainName} (regtest). Its pages: ${storefrontUrl}/
Everything it keeps is under ${folder}; what it does is logged to ${logPath}. Ctrl-C stops it; start it again to go on.

  Sell:  spillway publish <file or folder> --price 5000 --shop ${folder}
  Buy:   spillway buy ${url} <dataset> --shop-folder ${folder}
  Coins: spillway shop fund <deposit address> <satoshis> --folder ${folder}
`;
}

async function faucetOf(folder: string) {
  const { regtestFaucet } = await import('../../local/chain/faucet.ts');
  const { SPILLWAY_CHAIN_URL } = await readEnvironmentFile(environmentFile(folder));
  if (!SPILLWAY_CHAIN_URL) throw new Error(`${folder} holds no shop that ever started`);
  return regtestFaucet(SPILLWAY_CHAIN_URL);
}

function seconds(text: string): number {
  if (!/^[0-9]{1,6}(\.[0-9]{1,3})?$/.test(text))
    throw new InvalidArgumentError('must be a number of seconds.');
  return Number(text);
}

function coins(text: string): bigint {
  if (!/^[1-9][0-9]{0,12}$/.test(text)) throw new InvalidArgumentError('must be a whole number of satoshis.');
  return BigInt(text);
}

function blockCount(text: string): number {
  if (!/^[1-9][0-9]{0,3}$/.test(text))
    throw new InvalidArgumentError('must be a whole number from 1 to 9999.');
  return Number(text);
}

/** Only its form: the shop checks what it says as it starts. */
function policy(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
  } catch {
    // Said below.
  }
  throw new InvalidArgumentError('must be a JSON object.');
}

function chainKind(text: string): 'bitcoind' | 'embedded' {
  if (text !== 'bitcoind' && text !== 'embedded')
    throw new InvalidArgumentError('must be bitcoind or embedded');
  return text;
}
