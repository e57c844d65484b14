import { Command, CommanderError } from 'commander';
import { EXIT_CODES, FAULT_EXIT, USAGE_EXIT } from './exit-codes.ts';

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
    summary: 'put a file, a folder, standard input or objects of S3 up for sale',
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
    summary: 'a page on this machine for what a seller does: sales, channels, money, publish, price',
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
  completion: {
    summary: 'print what makes a shell complete commands and options',
    load: async () => (await import('./completion-command.ts')).completionCommand(wholeProgram),
  },
};

/**
 * Runs the command that the arguments name.
 * @param args without the program's own name
 */
export async function runProgram(args: readonly string[]): Promise<void> {
  const words = args.filter((argument) => !argument.startsWith('-'));
  const wanted = words[0] === 'help' ? words[1] : words[0];
  const program = await programWith((name) => name === wanted);
  prepare(program);
  try {
    await program.parseAsync(args, { from: 'user' });
  } catch (error) {
    process.exitCode = failed(error);
  }
}

/** With every command's code: for what describes all of them. */
export function wholeProgram(): Promise<Command> {
  return programWith(() => true);
}

async function programWith(isLoaded: (name: string) => boolean): Promise<Command> {
  const program = new Command('spillway')
    .description('Buy and sell large datasets by the gigabyte for bitcoin.')
    .addHelpText(
      'after',
      `
Examples:
  spillway buy https://shop.example weather-2025      # what it costs is said before it asks
  spillway channels                                   # where your money is
  spillway publish ./data --price 5000 --shop shop.json

Exit codes: ${EXIT_CODES.map(({ code, short }) => `${code} ${short}`).join(', ')}.`,
    );
  for (const [name, { summary, load }] of Object.entries(COMMANDS)) {
    program.addCommand(isLoaded(name) ? await load() : new Command(name).description(summary));
  }
  return program;
}

function failed(error: unknown): number {
  // commander has printed its message itself.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : USAGE_EXIT;
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  return FAULT_EXIT;
}

/** commander takes the colours away itself where there is no terminal, or NO_COLOR. */
function prepare(command: Command): void {
  command.exitOverride();
  command.configureHelp({ styleTitle: (title) => `\u001b[1m${title}\u001b[0m` });
  for (const child of command.commands) prepare(child);
}
