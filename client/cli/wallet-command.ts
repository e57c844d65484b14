import { Command, InvalidArgumentError } from 'commander';
import { NETWORK_NAMES, type NetworkName } from '../../shared/protocol/network.ts';
import type { Home } from '../buyer/home.ts';
import {
  addBuyerOptions,
  addHomeOptions,
  type BuyerOptions,
  homeFolder,
  runAsBuyer,
  satoshis,
} from './buyer-options.ts';
import { confirm } from './confirm.ts';
import { counted } from './plan-text.ts';
import { qrCode } from './qr-code.ts';
import { type CommandResult, runCommand } from './run-command.ts';
import { terminalOf } from './terminal.ts';
import { backupNotes, recoveredText, restoredText } from './wallet-texts.ts';

interface WalletOptions {
  readonly network?: NetworkName;
}
type HomeOptions = WalletOptions & Pick<BuyerOptions, 'home' | 'json'>;
type ChainOptions = WalletOptions & BuyerOptions;
type BackupOptions = HomeOptions & { readonly yes?: true; readonly file?: string };

const NETWORK = [
  '--network <name>',
  `${NETWORK_NAMES.join(', ')} (default: that of the only wallet there is)`,
  networkName,
] as const;

/** `spillway wallet …`: the buyer's own money, outside of channels. */
export function walletCommand(): Command {
  return new Command('wallet')
    .description("your money outside of channels: deposit address, balance, sending, the words' backup")
    .addCommand(addressCommand())
    .addCommand(balanceCommand())
    .addCommand(sendCommand())
    .addCommand(backupCommand())
    .addCommand(restoreCommand());
}

function addressCommand(): Command {
  const command = new Command('address')
    .description('the address to pay deposits to, from any wallet')
    .option(...NETWORK)
    .addHelpText('after', '\nExample:\n  spillway wallet address --network mainnet');
  return addHomeOptions(command).action(async (options: HomeOptions) => {
    await runCommand(options, async () => {
      const { openWallet } = await import('../buyer/wallet.ts');
      const home = await openHome(options);
      const network = await networkOf(home, options);
      const address = await (await openWallet(home, network)).depositAddress();
      const code = qrCode(`bitcoin:${address}`, terminalOf(process.stdout));
      return { document: { network, address }, text: `${address}\n${code}` };
    });
  });
}

function balanceCommand(): Command {
  const command = new Command('balance')
    .description('what is free in the wallet; see `spillway channels` for what is bound')
    .option(...NETWORK)
    .addHelpText('after', '\nExample:\n  spillway wallet balance --json');
  return addBuyerOptions(command).action(async (options: ChainOptions) => {
    await runAsBuyer(options, async ({ home, chain }) => {
      const { openWallet } = await import('../buyer/wallet.ts');
      const network = await networkOf(home, options);
      const coins = await (await openWallet(home, network)).coins(chain);
      const balance = coins.reduce((sum, { value }) => sum + value, 0n);
      const text = `${balance} sat in ${counted(coins.length, 'confirmed coin')} (${network})\n`;
      return { document: { network, balance, coins: coins.length }, text };
    });
  });
}

function sendCommand(): Command {
  const command = new Command('send')
    .description('pay an address from the wallet')
    .argument('<address>', 'any address of the network')
    .argument('<satoshis>', 'how many, or all: everything that no purchase has taken, less the fee', amount)
    .option(...NETWORK)
    .option('-y, --yes', 'do not ask before it is sent')
    .addHelpText(
      'after',
      `
Examples:
  spillway wallet send bc1q… 50000
  spillway wallet send bc1q… all --yes --json`,
    );
  return addBuyerOptions(command).action(
    async (address: string, wanted: bigint | 'all', options: ChainOptions & { readonly yes?: true }) => {
      await runAsBuyer(options, async (buyer) => {
        const [{ openWallet }, { sendCoins }] = await Promise.all([
          import('../buyer/wallet.ts'),
          import('../buyer/send-coins.ts'),
        ]);
        const wallet = await openWallet(buyer.home, await networkOf(buyer.home, options));
        const payment = await sendCoins(buyer, wallet, {
          address,
          satoshis: wanted,
          confirm: async (planned) =>
            options.yes === true ||
            confirm(
              'Send it?',
              `${planned.satoshis} sat to ${address}, fee ${planned.fee} sat`,
              'Give --yes. Nothing was paid.',
            ),
        });
        return {
          document: payment,
          text: `${payment.satoshis} sat sent to ${address} in ${payment.txid} (fee ${payment.fee} sat)\n`,
        };
      });
    },
  );
}

function backupCommand(): Command {
  const command = new Command('backup')
    .description('show the words that the wallet is made of, to be written down')
    .option(...NETWORK)
    .option('-y, --yes', 'do not ask before they are shown')
    .option(
      '--file <path>',
      'write a recovery file instead: the words, and all that brings back what is bound in channels',
    )
    .addHelpText(
      'after',
      `
Whoever has the words has the money. They bring back what was deposited and what came back from channels, here or in
any wallet that takes BIP39 words (BIP84 accounts). What is bound in channels needs the journals as well: a recovery file
holds both, and is as good as the money, too. Write it again after each purchase that began.

Examples:
  spillway wallet backup
  spillway wallet backup --file /media/usb/spillway-recovery.json`,
    );
  return addHomeOptions(command).action(async (options: BackupOptions) => {
    await runCommand(options, async () => {
      if (options.file !== undefined) return writeRecoveryFile(await openHome(options), options.file);
      const [{ readWords }, { BuyerError }] = await Promise.all([
        import('../buyer/wallet-words.ts'),
        import('../buyer/errors.ts'),
      ]);
      const home = await openHome(options);
      const network = await networkOf(home, options);
      const words = await readWords(home, network);
      if (words === undefined) {
        throw new BuyerError('usage', `There is no wallet for ${network} yet.`, {
          next: 'The first purchase makes one, and so does `spillway wallet address`.',
        });
      }
      const warning =
        'Whoever sees the words can take the money. Nobody should be looking over your shoulder.';
      const isAgreed = options.yes === true || (await confirm('Show them now?', warning, 'Give --yes.'));
      if (!isAgreed) throw new BuyerError('usage', 'Not shown.');
      process.stderr.write(backupNotes(home.describe('purchases')));
      return { document: { network, words }, text: `${words}\n` };
    });
  });
}

async function writeRecoveryFile(home: Home, file: string): Promise<CommandResult> {
  const [{ recoveryFile }, { writeDurably }] = await Promise.all([
    import('../buyer/recovery-file.ts'),
    import('../buyer/node/durable-files.ts'),
  ]);
  await writeDurably(file, await recoveryFile(home));
  return {
    document: { file },
    text: `${file} is as good as the money: keep it where nobody else reads it.\n`,
  };
}

function restoreCommand(): Command {
  const command = new Command('restore')
    .description('make the wallet again from its words or a recovery file, and find its coins')
    .option(...NETWORK)
    .option('--file <path>', 'the recovery file, of `spillway wallet backup --file` or of a browser')
    .addHelpText(
      'after',
      `
The words are read from the terminal or from standard input, never from the command line, where others could see them.
A wallet that is there is never written over.

Examples:
  spillway wallet restore --network mainnet
  spillway wallet restore --network mainnet < words.txt
  spillway wallet restore --file /media/usb/spillway-recovery.json`,
    );
  return addBuyerOptions(command).action(async (options: ChainOptions & { readonly file?: string }) => {
    await runAsBuyer(options, async (buyer) => {
      if (options.file !== undefined) return readRecoveryFile(buyer.home, options.file);
      const { restoreWallet } = await import('../buyer/restore-wallet.ts');
      const network = await networkOf(buyer.home, options);
      const { readLine } = await import('./read-line.ts');
      const restored = await restoreWallet(buyer, network, await readLine('The words, in their order: '));
      return { document: restored, text: restoredText(restored, buyer.home.describe('purchases')) };
    });
  });
}

async function readRecoveryFile(home: Home, file: string): Promise<CommandResult> {
  const [{ restoreRecoveryFile }, { readFile }] = await Promise.all([
    import('../buyer/recovery-file.ts'),
    import('node:fs/promises'),
  ]);
  const purchases = await restoreRecoveryFile(home, await readFile(file));
  return { document: { purchases }, text: recoveredText(purchases) };
}

async function openHome(options: HomeOptions): Promise<Home> {
  const { nodeHome } = await import('../buyer/node/node-home.ts');
  return nodeHome(await homeFolder(options));
}

/** @throws BuyerError usage where it cannot be told which one is meant */
async function networkOf(home: Home, { network }: WalletOptions): Promise<NetworkName> {
  if (network !== undefined) return network;
  const [{ walletNetworks }, { BuyerError }] = await Promise.all([
    import('../buyer/wallet.ts'),
    import('../buyer/errors.ts'),
  ]);
  const [only, ...others] = await walletNetworks(home);
  if (only !== undefined && others.length === 0) return only;
  const message = only === undefined ? 'There is no wallet yet.' : 'There are several wallets.';
  throw new BuyerError('usage', message, {
    next: `Say of which network: --network ${[only, ...others].filter(Boolean).join(' or ') || 'mainnet'}.`,
  });
}

function networkName(text: string): NetworkName {
  const network = NETWORK_NAMES.find((name) => name === text);
  if (!network) throw new InvalidArgumentError(`must be one of ${NETWORK_NAMES.join(', ')}.`);
  return network;
}

function amount(text: string): bigint | 'all' {
  return text === 'all' ? text : satoshis(text);
}
