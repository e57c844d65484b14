import { Command, CommanderError } from 'commander';
import { FAULT_EXIT, USAGE_EXIT } from './exit-codes.ts';

interface Lazy {
  readonly summary: string;
  readonly load: () => Promise<Command>;
}

/** Each command's file is loaded only when it is the one that runs: `spillway --help` stays quick. */
const COMMANDS: Readonly<Record<string, Lazy>> = {
  buy: {
    summary: 'buy a dataset, or go on with buying it',
    load: async () => (await import('./buy-command.ts')).buyCommand(),
  },
  refund: {
    summary: 'list money that is bound in channels and take back what is due',
    load: async () => (await import('./refund-command.ts')).refundCommand(),
  },
  status: {
    summary: 'purchases, channels, heights and money',
    load: async () => (await import('./status-command.ts')).statusCommand(),
  },
  channels: {
    summary: 'each channel of yours: where its money is, until when, and what to do',
    load: async () => (await import('./channels-command.ts')).channelsCommand(),
  },
  wallet: {
    summary: "your money outside of channels: deposit address, balance, sending, the words' backup",
    load: async () => (await import('./wallet-command.ts')).walletCommand(),
  },
  receipts: {
    summary: 'write down what was bought, with the signatures that prove it',
    load: async () => (await import('./receipts-command.ts')).receiptsCommand(),
  },
  verify: {
    summary: 'check a receipt, and the files it is for, without a network',
    load: async () => (await import('./verify-command.ts')).verifyCommand(),
  },
  publish: {
    summary: 'put a file or a folder up for sale',
    load: async () => (await import('./publish-command.ts')).publishCommand(),
  },
  unpublish: {
    summary: 'take a dataset off sale; what was sold of it stays',
    load: async () => (await import('./offer-commands.ts')).unpublishCommand(),
  },
  price: {
    summary: 'change what a full chunk of a dataset costs',
    load: async () => (await import('./offer-commands.ts')).priceCommand(),
  },
  console: {
    summary: 'a page on this machine for what a seller does',
    load: async () => (await import('./console-command.ts')).consoleCommand(),
  },
  storefront: {
    summary: "write all of the shop's pages again",
    load: async () => (await import('./storefront-command.ts')).storefrontCommand(),
  },
  shop: {
    summary: 'how a shop does; a shop on this machine, on a chain of its own (regtest)',
    load: async () => (await import('./shop-command.ts')).shopCommand(),
  },
};

/**
 * Runs the command that the arguments name.
 * @param args without the program's own name
 */
export async function runProgram(args: readonly string[]): Promise<void> {
  const words = args.filter((argument) => !argument.startsWith('-'));
  const wanted = words[0] === 'help' ? words[1] : words[0];
  const program = new Command('spillway')
    .description('Buy and sell large datasets by the gigabyte for bitcoin.')
    .addHelpText(
      'after',
      '\nExit codes: 0 done, 2 usage, 3 funds, 4 unreachable, 5 bad data, 6 expired, 130 interrupted.',
    );
  for (const [name, { summary, load }] of Object.entries(COMMANDS)) {
    program.addCommand(name === wanted ? await load() : new Command(name).description(summary));
  }
  throwInsteadOfExit(program);
  try {
    await program.parseAsync(args, { from: 'user' });
  } catch (error) {
    process.exitCode = failed(error);
  }
}

function failed(error: unknown): number {
  // commander has printed its message itself.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : USAGE_EXIT;
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  return FAULT_EXIT;
}

function throwInsteadOfExit(command: Command): void {
  command.exitOverride();
  for (const child of command.commands) throwInsteadOfExit(child);
}
