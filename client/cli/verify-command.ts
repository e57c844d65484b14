import { Command } from 'commander';
import type { FilesReport } from '../buyer/node/verify-files.ts';
import type { VerifiedChannel, VerifiedReceipt } from '../buyer/verify-receipt.ts';
import { formatByteSize } from './byte-size.ts';
import { counted } from './plan-text.ts';
import { runCommand } from './run-command.ts';

/** `spillway verify`: a receipt checked by whoever has it, without a network. */
export function verifyCommand(): Command {
  return new Command('verify')
    .description('check a receipt, and the files it is for, without a network')
    .argument('<receipt>', 'the file that `spillway receipts` wrote')
    .argument('[folder]', 'where the files are: each is hashed and held against the manifest')
    .option('--json', 'one JSON object as the last line of the output')
    .addHelpText(
      'after',
      `
It checks the manifest's hash and the seller's signature of it, that the terms make the channel and its script, every
commitment, the seller's signatures of refund and settlement, and all amounts. Whether the transactions are in a block
only a node can tell: look up the ids that it prints. What does not hold is named, and the exit code is 5.

Examples:
  spillway verify weather.receipt.json
  spillway verify weather.receipt.json ./weather-2025`,
    )
    .action(async (path: string, folder: string | undefined, options: { readonly json?: true }) => {
      await runCommand(options, async () => {
        const [{ readFile }, { verifyReceipt }] = await Promise.all([
          import('node:fs/promises'),
          import('../buyer/verify-receipt.ts'),
        ]);
        const { verified, manifest } = verifyReceipt(await readFile(path));
        const files =
          folder === undefined
            ? undefined
            : await (await import('../buyer/node/verify-files.ts')).verifyFiles(manifest, folder);
        return { document: { ...verified, ...(files && { files }) }, text: verifiedText(verified, files) };
      });
    });
}

function verifiedText(receipt: VerifiedReceipt, files: FilesReport | undefined): string {
  const { name, manifest, sellerKey, shop, network, bytes, chunks, chunksPaid, paid, channels } = receipt;
  return [
    `The receipt holds: ${name}`,
    `  dataset    ${manifest}, ${formatByteSize(bytes)}, signed by the seller`,
    `  seller     ${sellerKey}, on ${network}; the shop was at ${shop}`,
    `  paid       ${paid} sat for ${chunksPaid} of ${counted(chunks, 'chunk')}, by the buyer's signatures`,
    ...channels.flatMap(channelLines),
    ...(files ? fileLines(files) : []),
    '',
  ].join('\n');
}

function channelLines({ channelId, fundingTxid, paid, end }: VerifiedChannel): string[] {
  const outcome =
    end === undefined
      ? 'not settled when the receipt was written'
      : end.by === 'settlement'
        ? `the seller took ${end.settled} sat by its own signature, in ${end.txid}, said to be at height ${end.height}`
        : `taken back by ${end.by} ${end.txid}, said to be at height ${end.height}`;
  return [
    `  channel    ${channelId.slice(0, 12)}: ${paid} sat signed for; funded by ${fundingTxid}`,
    `             ${outcome}`,
  ];
}

function fileLines({ checked, missing }: FilesReport): string[] {
  const absent = missing.length === 0 ? '' : `; not there: ${missing.slice(0, 5).join(', ')}`;
  const more = missing.length > 5 ? ` and ${missing.length - 5} more` : '';
  return [`  files      ${counted(checked, 'file')} here and right, every byte hashed${absent}${more}`];
}
