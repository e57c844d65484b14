import type { NetworkName } from '../../shared/protocol/network.ts';
import type { Buyer } from './buyer-context.ts';
import { balance } from './deposit.ts';
import { BuyerError } from './errors.ts';
import { openWallet } from './wallet.ts';
import { fileOf, parseWords, readWords, storeWords } from './wallet-words.ts';

export interface RestoredWallet {
  readonly network: NetworkName;
  /** Satoshis in confirmed coins. */
  readonly balance: bigint;
  readonly coins: number;
}

/**
 * Makes the wallet of these words again and finds its coins. May run twice.
 * @throws BuyerError usage for words that are none, or where another wallet is in the way
 */
export async function restoreWallet(
  { home, chain }: Pick<Buyer, 'home' | 'chain'>,
  network: NetworkName,
  text: string,
): Promise<RestoredWallet> {
  const words = parseWords(text);
  const existing = await readWords(home, network);
  if ((existing ?? (await storeWords(home, network, words))) !== words) {
    throw new BuyerError('usage', `There is another wallet for ${network} already.`, {
      money: 'Nothing was changed.',
      next: `Give --home with another folder. Do not delete ${home.describe(fileOf(network))}: it holds keys to coins.`,
    });
  }
  const wallet = await openWallet(home, network);
  await wallet.findUsed(chain);
  const coins = await wallet.coins(chain);
  return { network, balance: await balance(wallet, chain), coins: coins.length };
}
