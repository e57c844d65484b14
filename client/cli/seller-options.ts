import { type Command, InvalidArgumentError } from 'commander';
import { MAX_SATOSHIS } from '../../shared/limits.ts';
import type { ShopAccess } from '../seller/shop-access.ts';
import { type CommandResult, runCommand } from './run-command.ts';

/** What every command of a seller takes. */
export interface SellerOptions {
  readonly shop: string;
  readonly profile?: string;
  readonly json?: true;
}

/**
 * One way to name a shop, and no variables: a shell that still has another shop's would have its owner sell in the wrong one.
 */
export function addSellerOptions(command: Command): Command {
  return command
    .requiredOption(
      '--shop <path>',
      'the folder of a local shop, or the file that `cdk deploy --outputs-file` wrote',
    )
    .option('--profile <name>', 'of your AWS configuration (default: what the environment gives)')
    .option('--json', 'one JSON object as the last line of the output');
}

/** Runs a command's work on a shop; every failure ends with its exit code. */
export async function runAsSeller(
  options: SellerOptions,
  work: (access: ShopAccess) => Promise<CommandResult>,
): Promise<void> {
  const { sellerFailure } = await import('../seller/seller-failure.ts');
  await runCommand(options, async () => work(await openShop(options)), sellerFailure);
}

/** The AWS clients read endpoints, region and credentials from the process's environment themselves. */
async function openShop({ shop, profile }: SellerOptions): Promise<ShopAccess> {
  const { findShop } = await import('../seller/shop-access.ts');
  const access = await findShop(shop, profile);
  for (const [name, value] of Object.entries(access.variables)) {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }
  return access;
}

export function pricePerChunk(text: string): bigint {
  if (!/^[1-9][0-9]{0,15}$/.test(text) || BigInt(text) > MAX_SATOSHIS) {
    throw new InvalidArgumentError('must be a whole number of satoshis, at least 1.');
  }
  return BigInt(text);
}
