import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { learnSecret } from './printed-secrets.ts';

/** What a command's folders hold: the shop's or the buyer's own secrets, and the shop's log. */

/** Learns the secrets in the folders that a command's options name; the wallet's words need no learning. */
export function learnSecretsOf(args: readonly string[]): void {
  for (const folder of foldersOf(args)) {
    const path = join(folder, 'shop.json');
    if (!existsSync(path)) continue;
    const { sellerSecret, payoutSecret, secretAccessKey } = JSON.parse(readFileSync(path, 'utf8'));
    learnSecret("the seller's secret", sellerSecret);
    learnSecret("the payout's secret", payoutSecret);
    learnSecret('the secret access key', secretAccessKey);
  }
}

/** The logs in those folders, as text. */
export function logOf(args: readonly string[]): string {
  return foldersOf(args)
    .flatMap((folder) => readdirSync(folder).map((name) => join(folder, name)))
    .filter((path) => path.endsWith('.log'))
    .map((path) => readFileSync(path, 'utf8'))
    .join('\n');
}

/** `--shop` may also name a file: the outputs of a deployed stack, which hold no secret. */
function foldersOf(args: readonly string[]): string[] {
  const options = ['--folder', '--shop', '--shop-folder', '--home'];
  return args.filter((arg, index) => options.includes(args[index - 1] ?? '') && isFolder(arg));
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
