import { Command } from 'commander';
import type { BuyLimits } from '../buyer/buyer-context.ts';
import type { PurchaseResult } from '../buyer/purchase-result.ts';
import {
  addBuyerOptions,
  aheadCount,
  type BuyerOptions,
  byteRate,
  count,
  runAsBuyer,
  satoshis,
} from './buyer-options.ts';
import { formatByteSize } from './byte-size.ts';
import { confirm } from './confirm.ts';
import { type FundingSource, fundingSource, walletOf } from './funding-source.ts';
import { planLines, whatIsBought } from './plan-text.ts';
import { progressReporter } from './progress.ts';
import { terminalOf } from './terminal.ts';

interface BuyOptions extends BuyerOptions {
  readonly output?: string;
  readonly only?: readonly string[];
  readonly maxPrice?: bigint;
  readonly maxCapacity?: bigint;
  readonly ahead?: number;
  readonly connections?: number;
  readonly limitRate?: number;
  readonly fund?: FundingSource;
  readonly from?: readonly string[];
  readonly yes?: true;
  readonly deposit: boolean;
  readonly wait?: true;
}

/** What to do where nobody can be asked. */
const UNASKED = 'Give --yes, and --max-price as the brake. Nothing was bound and nothing was paid.';

/** `spillway buy`: buys a dataset, or goes on with buying it. */
export function buyCommand(): Command {
  const command = new Command('buy')
    .description('buy a dataset, or go on with buying it')
    .argument('<shop-url>', 'the address of the shop')
    .argument('<dataset>', "the dataset's id or name")
    .option('-o, --output <folder>', "where the files go (default: a folder of the dataset's name)")
    .option(
      '--only <paths...>',
      'files or folders of the dataset, by their paths in it: buys the chunks that hold them; the rest may be bought later by the same command without it',
    )
    .option('--max-price <satoshis>', 'refuse a higher price for the whole dataset', satoshis)
    .option('--max-capacity <satoshis>', 'bind no more than this at once', satoshis)
    .option(
      '--ahead <chunks>',
      'chunks to pay before they arrive, which a dishonest shop could keep the money of (default: 0 where the shop gives one on credit, else 1); one more than that and a long line is never idle while a payment travels',
      aheadCount,
    )
    .option('--connections <number>', 'parallel transfers (default: 8)', count)
    .option('--limit-rate <bytes>', 'bytes a second for all transfers together, e.g. 5MB', byteRate)
    .option(
      '--fund <wallet>',
      'who pays instead of this wallet, without a deposit: psbt:FILE for any wallet that signs a PSBT, or core:http://user:password@host:port/wallet/name of your Bitcoin Core',
      fundingSource,
    )
    .option(
      '--from <addresses...>',
      'with --fund psbt: the addresses whose coins pay, change goes to the first',
    )
    .option('-y, --yes', 'do not ask before money is bound')
    .option('--no-deposit', 'end at once, with exit code 3, where the wallet lacks money')
    .option('--wait', 'wait until the settlement is in a block')
    .addHelpText(
      'after',
      `
Before anything is bound it says price, fees, locktime and the worst case, and asks. Off a terminal nobody can answer:
give --yes there, and --max-price as the brake. It may be stopped at any moment; the same command goes on.

Examples:
  spillway buy https://shop.example weather-2025
  spillway buy https://shop.example weather-2025 --only 2025/06 --output ./june
  spillway buy https://shop.example weather-2025 --yes --max-price 500000 --no-deposit --json`,
    );
  return addBuyerOptions(command).action(async (shopUrl: string, dataset: string, options: BuyOptions) => {
    await runAsBuyer(options, async (buyer) => {
      const { buy } = await import('../buyer/purchase.ts');
      const report = progressReporter(terminalOf(process.stderr), buyer.clock);
      let isAsked = false;
      const result = await buy(
        buyer,
        {
          shopUrl,
          dataset,
          limits: limitsOf(options),
          ...(options.output !== undefined && { output: options.output }),
          ...(options.only !== undefined && { only: options.only }),
          ...(options.connections !== undefined && { connections: options.connections }),
          ...(options.limitRate !== undefined && { limitRate: options.limitRate }),
          ...(options.fund && { externalWallet: await walletOf(options.fund, options.from ?? [], buyer) }),
          wait: { deposit: options.deposit, settlement: options.wait === true },
          ...(options.yes !== true && {
            confirm: async (plan) => {
              isAsked = true;
              const what = `${whatIsBought(plan)} for ${plan.price} sat`;
              const explanation = [what, ...planLines(plan, buyer.clock.now())].join('\n');
              return confirm('Buy it?', explanation, UNASKED);
            },
          }),
        },
        // What was asked about is not told again.
        (event) => (event.kind === 'planned' && isAsked ? undefined : report(event)),
      );
      return { document: result, text: resultText(result) };
    });
  });
}

function limitsOf({ maxPrice, maxCapacity, ahead }: BuyOptions): BuyLimits {
  return {
    ...(maxPrice !== undefined && { maxPrice }),
    ...(maxCapacity !== undefined && { maxCapacity }),
    ...(ahead !== undefined && { ahead }),
  };
}

function resultText(result: PurchaseResult): string {
  const settled = result.channels.filter(({ end }) => end !== undefined).length;
  return [
    `Bought: ${result.name}`,
    `  files      ${result.files.length} in ${result.output}`,
    `  size       ${formatByteSize(result.bytes)} in ${result.chunks} chunks, every byte checked`,
    `  paid       ${result.paid} sat, and ${result.fundingFees} sat of funding fees`,
    `  channels   ${result.channels.length}, ${settled} of them settled on the chain`,
    `  purchase   ${result.purchase}`,
    ...(result.notes.checksums !== undefined
      ? [`  to check   sha256sum -c ${result.notes.checksums}, in that folder, at any time`]
      : []),
    `  described  in ${result.notes.description} (Croissant)`,
    '',
  ].join('\n');
}
