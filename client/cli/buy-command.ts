import { createInterface } from 'node:readline/promises';
import { Command } from 'commander';
import type { BuyLimits } from '../buyer/buyer-context.ts';
import { interrupted } from '../buyer/errors.ts';
import type { PurchasePlan } from '../buyer/purchase-plan.ts';
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
import { progressReporter, whatIsBought } from './progress.ts';

interface BuyOptions extends BuyerOptions {
  readonly output?: string;
  readonly only?: readonly string[];
  readonly maxPrice?: bigint;
  readonly maxCapacity?: bigint;
  readonly ahead?: number;
  readonly connections?: number;
  readonly limitRate?: number;
  readonly yes?: true;
  readonly deposit: boolean;
  readonly wait?: true;
}

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
    .option('-y, --yes', 'do not ask before money is bound')
    .option('--no-deposit', 'end at once, with exit code 3, where the wallet lacks money')
    .option('--wait', 'wait until the settlement is in a block')
    .addHelpText('after', '\nExample:\n  spillway buy https://shop.example weather-2025 --max-price 500000');
  return addBuyerOptions(command).action(async (shopUrl: string, dataset: string, options: BuyOptions) => {
    await runAsBuyer(options, async (buyer) => {
      const { buy } = await import('../buyer/purchase.ts');
      const output = {
        write: (text: string) => process.stderr.write(text),
        isTerminal: process.stderr.isTTY === true,
      };
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
          wait: { deposit: options.deposit, settlement: options.wait === true },
          ...(mustAsk(options) && { confirm: ask }),
        },
        progressReporter(output, buyer.clock),
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

/** Nobody can answer off a terminal; there --max-price is the brake. */
function mustAsk({ yes }: BuyOptions): boolean {
  return yes !== true && process.stdin.isTTY === true && process.stderr.isTTY === true;
}

async function ask(plan: PurchasePlan): Promise<boolean> {
  const dialogue = createInterface({ input: process.stdin, output: process.stderr });
  const risk = plan.atRisk > 0n ? `, ${plan.atRisk} sat of it before it arrives,` : '';
  const question = `Buy ${whatIsBought(plan)} for ${plan.price} sat${risk} and network fees? [y/N] `;
  // Ctrl-C comes here and not to the process while a line is read; Ctrl-D ends the input. Neither is a yes.
  const stop = new AbortController();
  for (const event of ['SIGINT', 'close']) dialogue.once(event, () => stop.abort());
  try {
    return /^y(es)?$/i.test((await dialogue.question(question, { signal: stop.signal })).trim());
  } catch {
    throw interrupted();
  } finally {
    dialogue.close();
  }
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
