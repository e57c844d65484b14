import { homedir } from 'node:os';
import { join } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { environmentFile, readEnvironmentFile } from '../../shared/environment-file.ts';

const DEFAULT_FOLDER = join(homedir(), '.spillway', 'shop');

interface DevOptions {
  readonly folder: string;
  readonly sweepEvery: number;
  readonly blockEvery: number;
  readonly chain?: 'bitcoind' | 'embedded';
  readonly json?: true;
}

/** `spillway shop …`: a shop on this machine, and the money of its regtest chain. */
export function shopCommand(): Command {
  const shop = new Command('shop').description('run a shop on this machine, on a chain of its own (regtest)');
  shop
    .command('dev')
    .description('start the local shop: handlers, table, object store, chain and schedule in one process')
    .option('--folder <path>', 'everything the shop keeps', DEFAULT_FOLDER)
    .option('--sweep-every <seconds>', 'pause between two runs of the schedule', positive, 5)
    .option('--block-every <seconds>', 'mine a block that often; 0 for never', positive, 10)
    .option('--chain <kind>', 'bitcoind or embedded; without it a bitcoind if there is one', chainKind)
    .option('--json', 'print one JSON object when ready')
    .addHelpText('after', '\nExample:\n  spillway shop dev --folder ./my-shop')
    .action(runDevShop);
  shop
    .command('fund <address> <satoshis>')
    .description('pay regtest coins to an address and mine the block that confirms them')
    .option('--folder <path>', "the shop's folder", DEFAULT_FOLDER)
    .action(async (address: string, satoshis: string, { folder }: { folder: string }) => {
      if (!/^[1-9][0-9]{0,12}$/.test(satoshis))
        throw new InvalidArgumentError('satoshis must be a whole number');
      const faucet = await faucetOf(folder);
      console.log(await faucet.fund(address, BigInt(satoshis)));
      await faucet.mine(1);
    });
  shop
    .command('mine [blocks]')
    .description('mine regtest blocks')
    .option('--folder <path>', "the shop's folder", DEFAULT_FOLDER)
    .action(async (blocks: string | undefined, { folder }: { folder: string }) => {
      await (await faucetOf(folder)).mine(positive(blocks ?? '1'));
    });
  return shop;
}

async function runDevShop({ folder, sweepEvery, blockEvery, chain, json }: DevOptions): Promise<void> {
  const [{ startShop }, { regtestFaucet }, { startTimer }, { logToFile }] = await Promise.all([
    import('../../local/start-shop.ts'),
    import('../../local/chain/faucet.ts'),
    import('../../local/timer.ts'),
    import('../../local/log-file.ts'),
  ]);
  const print = console.log;
  const logPath = join(folder, 'shop.log');
  logToFile(logPath);
  const shop = await startShop({ folder, sweepEvery: sweepEvery * 1000, ...(chain && { chain }) });
  const faucet = regtestFaucet(shop.chain.url);
  const miner = blockEvery > 0 ? startTimer(blockEvery * 1000, () => faucet.mine(1)) : undefined;
  if (json) print(JSON.stringify({ ready: true, url: shop.url, folder, chain: shop.chain.kind }));
  else print(introduction(shop.url, folder, shop.chain.kind, logPath));

  const stop = async () => {
    await miner?.stop();
    await shop.stop();
    process.exit(0);
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void stop());
}

function introduction(url: string, folder: string, chain: string, logPath: string): string {
  const chainName = chain === 'bitcoind' ? 'a real bitcoind' : 'the embedded ledger';
  return `The shop is open at ${url}, on ${chainName} (regtest).
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

function positive(text: string): number {
  if (!/^[0-9]{1,6}$/.test(text)) throw new InvalidArgumentError('must be a whole number');
  return Number(text);
}

function chainKind(text: string): 'bitcoind' | 'embedded' {
  if (text !== 'bitcoind' && text !== 'embedded')
    throw new InvalidArgumentError('must be bitcoind or embedded');
  return text;
}
