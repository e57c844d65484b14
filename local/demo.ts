import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { bytesToHex } from '@noble/hashes/utils.js';
import { Command, Option } from 'commander';
import { scriptOfAddress } from '../shared/protocol/network.ts';
import { regtestFaucet } from './chain/faucet.ts';
import { accountsOf } from './demo/accounts.ts';
import { type Child, spillway, spillwayJson } from './demo/children.ts';
import { readLedger } from './demo/ledger.ts';
import { buyAndDie, buyTheRest } from './demo/sale.ts';
import { storyTeller, type Tell } from './demo/story.ts';
import { readShopVariables } from './shop-folder.ts';

interface DemoOptions {
  readonly file: string;
  readonly chunkSize: string;
  readonly price: string;
  readonly chain?: string;
  readonly json?: true;
}

const options = new Command('demo')
  .description(
    'sell a real file by the chunk on this machine, kill the buyer in the middle, and prove the sums',
  )
  .option('--file <path>', 'what is sold', process.execPath)
  .option('--chunk-size <size>', 'what is paid for at once', '8MiB')
  .option('--price <satoshis>', 'for a chunk', '5000')
  .addOption(
    new Option('--chain <kind>', 'without it a bitcoind if there is one').choices(['bitcoind', 'embedded']),
  )
  .option('--json', 'one JSON object as the last line')
  .parse()
  .opts<DemoOptions>();

const tell = storyTeller(options.json === true);
const folder = await mkdtemp(join(tmpdir(), 'spillway-demo-'));
const shopFolder = join(folder, 'shop');
const chainOption = options.chain ? ['--chain', options.chain] : [];
const shopArguments = ['--folder', shopFolder, '--sweep-every', '1', '--block-every', '0', ...chainOption];
let shop: Child | undefined;
try {
  shop = await startShop(shopArguments);
  await demo(tell);
} finally {
  shop?.process.kill('SIGTERM');
  await shop?.ended;
  await rm(folder, { recursive: true, force: true });
}

/** Resolves when it says that it is ready. */
function startShop(args: readonly string[]): Promise<Child> {
  return new Promise((resolve, reject) => {
    const printed: string[] = [];
    const child = spillway(['shop', 'dev', ...args, '--json'], (line) => {
      printed.push(line);
      if (line.startsWith('{"ready":true')) resolve(child);
    });
    child.ended.then(
      ({ code }) => reject(new Error(`the shop ended with ${code}:\n${printed.join('\n')}`)),
      reject,
    );
  });
}

async function demo(tell: Tell): Promise<void> {
  const began = performance.now();
  const variables = await readShopVariables(shopFolder);
  const {
    SPILLWAY_SHOP_URL: shopUrl,
    SPILLWAY_CHAIN_URL: chainUrl,
    SPILLWAY_PAYOUT_ADDRESS: payout,
  } = variables;
  const faucet = regtestFaucet(chainUrl);
  const chain = variables.SPILLWAY_CHAIN_KIND;
  tell(`A shop is open, on ${chain === 'bitcoind' ? 'a real bitcoind' : 'the embedded ledger'} (regtest).`);

  const publishing = ['publish', options.file, '--price', options.price, '--chunk-size', options.chunkSize];
  const dataset = (await spillwayJson([...publishing, '--shop', shopFolder])) as {
    manifest: string;
    chunks: number;
    bytes: number;
  };
  tell(
    `The seller publishes ${basename(options.file)}: ${dataset.bytes} bytes in ${dataset.chunks} chunks, ${options.price} sat each.`,
  );

  const buying = {
    shopUrl,
    shopFolder,
    manifest: dataset.manifest,
    chunks: dataset.chunks,
    home: join(folder, 'buyer'),
    output: join(folder, 'bought'),
  };
  const interrupted = await buyAndDie(buying, faucet, tell);
  const bought = await buyTheRest(buying, faucet, tell);

  const original = await sha256(options.file);
  const copy = await sha256(join(buying.output, basename(options.file)));
  if (original !== copy) throw new Error(`the bought file differs: ${copy} is not ${original}`);
  tell(`The bought file is the original, byte for byte: SHA-256 ${copy.slice(0, 16)}…`);

  const payoutScript = bytesToHex(scriptOfAddress(payout, 'regtest'));
  const accounts = accountsOf(await readLedger(chainUrl), bought, payoutScript, interrupted.deposits);
  tell(
    `On the chain: one funding, one settlement. The buyer paid ${bought.paid} sat for ${bought.chunksPaid} chunks;`,
  );
  tell(
    `the seller received ${accounts.sellerReceived}, the buyer got ${accounts.buyerChange} back, miners took ${accounts.fees}.`,
  );
  if (options.json) {
    const result = {
      chain,
      bytes: dataset.bytes,
      chunks: dataset.chunks,
      paidSats: `${bought.paid}`,
      sellerReceivedSats: `${accounts.sellerReceived}`,
      buyerChangeSats: `${accounts.buyerChange}`,
      feesSats: `${accounts.fees}`,
      fundingTxid: accounts.fundingTxid,
      settlementTxid: accounts.settlementTxid,
      sha256Match: original === copy,
      resumedAfterKill: bought.resumed && interrupted.chunksPaid < bought.chunksPaid,
      seconds: Math.round(performance.now() - began) / 1000,
    };
    console.log(JSON.stringify(result));
  }
}

async function sha256(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}
