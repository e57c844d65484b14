import { Command } from 'commander';
import type { MadeReceipt } from '../buyer/make-receipt.ts';
import { addBuyerOptions, type BuyerOptions, runAsBuyer } from './buyer-options.ts';

interface ReceiptsOptions extends BuyerOptions {
  readonly all?: true;
  readonly output?: string;
}

/** `spillway receipts`: evidence of what was bought, for whoever wants to check it. */
export function receiptsCommand(): Command {
  const command = new Command('receipts')
    .description('write down what was bought, with the signatures that prove it')
    .argument('[purchase]', "the purchase's id or the beginning of it, or its dataset's name")
    .option('--all', 'of every purchase through which something was paid')
    .option(
      '-o, --output <path>',
      'a file, or with --all a folder (default: standard output, or this folder)',
    )
    .addHelpText(
      'after',
      `
A receipt holds the manifest, the terms, both sides' signatures and the transactions: \`spillway verify\` checks it
without asking anybody. It has no key in it, but names the transactions: who gets it can follow them on the chain.

Examples:
  spillway receipts weather-2025 --output weather.receipt.json
  spillway receipts --all --output ./receipts`,
    );
  return addBuyerOptions(command).action(async (purchase: string | undefined, options: ReceiptsOptions) => {
    await runAsBuyer(options, async (buyer) => {
      const [{ makeReceipts }, { BuyerError }] = await Promise.all([
        import('../buyer/make-receipt.ts'),
        import('../buyer/errors.ts'),
      ]);
      if ((purchase === undefined) === (options.all === undefined)) {
        throw new BuyerError('usage', 'There is one thing to write: one purchase, or --all.', {
          next: 'Name a purchase (see `spillway status`), or give --all.',
        });
      }
      const made = await makeReceipts(buyer, purchase);
      return options.all || options.output !== undefined ? written(made, options) : printed(made);
    });
  });
}

async function printed(made: readonly MadeReceipt[]) {
  const { encodeReceipt } = await import('../buyer/receipt.ts');
  const [{ receipt } = { receipt: undefined }] = made;
  if (!receipt) throw new Error('there is no receipt');
  return { document: receipt, text: new TextDecoder().decode(encodeReceipt(receipt)) };
}

async function written(made: readonly MadeReceipt[], { all, output }: ReceiptsOptions) {
  const [{ encodeReceipt }, { mkdir, writeFile }, { join }] = await Promise.all([
    import('../buyer/receipt.ts'),
    import('node:fs/promises'),
    import('node:path'),
  ]);
  const folder = output ?? '.';
  if (all) await mkdir(folder, { recursive: true });
  const receipts = [];
  for (const { purchase, name, receipt } of made) {
    const file = all ? join(folder, `${purchase}.receipt.json`) : folder;
    await writeFile(file, encodeReceipt(receipt));
    receipts.push({ purchase, name, file });
  }
  return { document: { receipts }, text: receipts.map(({ name, file }) => `${name}: ${file}\n`).join('') };
}
