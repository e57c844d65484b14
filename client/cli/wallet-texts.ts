import type { RestoredWallet } from '../buyer/restore-wallet.ts';
import { counted } from './plan-text.ts';

/** What the words are good for, and what not. @param purchases where the journals are */
export function backupNotes(purchases: string): string {
  return `Write these words on paper, in their order. Do not photograph or mail them.

  They bring back   deposits, and what came back from channels: by \`spillway wallet restore\`, or in any wallet
                    that takes BIP39 words (account m/84'/0'/0', or m/84'/1'/0' on a test network)
  They do not       what is bound in a channel now, if its shop vanishes: the shop's signature of the refund is in
                    ${purchases}
                    \`spillway wallet backup --file\` writes a file that holds both.

`;
}

/** @param purchases those that the file told something new of */
export function recoveredText(purchases: readonly string[]): string {
  const what =
    purchases.length === 0
      ? 'Nothing in it was new'
      : `Wallet and ${counted(purchases.length, 'purchase')} are here again`;
  return `${what}. \`spillway channels\` shows where the money is, \`spillway refund\` takes back what is due.\n`;
}

export function restoredText({ network, balance, coins }: RestoredWallet, purchases: string): string {
  return `The wallet for ${network} is here again: ${balance} sat in ${counted(coins, 'confirmed coin')}.
What was bound in channels when the machine was lost comes back to it as the shops settle. If a shop does not, its channel
needs its journal: \`spillway wallet restore --file\` with a recovery file, or your copy of ${purchases}.
`;
}
