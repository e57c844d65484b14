import { utf8ToBytes } from '@noble/hashes/utils.js';
import { generateMnemonic, validateMnemonic } from '@scure/bip39';
import { wordlist } from '@scure/bip39/wordlists/english.js';
import * as v from 'valibot';
import { NETWORK_NAMES, type NetworkName } from '../../shared/protocol/network.ts';
import { BuyerError } from './errors.ts';
import type { Home } from './home.ts';

/** A wallet's words (BIP39), in a file of their own that is written once and never changed. */
const walletFile = v.strictObject({
  version: v.literal(1),
  network: v.picklist(NETWORK_NAMES),
  mnemonic: v.pipe(
    v.string(),
    v.check((words) => validateMnemonic(words, wordlist), 'must be valid BIP39 words'),
  ),
});

/** BIP39 has no others. */
const COUNTS = [12, 15, 18, 21, 24];

/** @throws BuyerError journal-damaged */
export async function readWords(home: Home, network: NetworkName): Promise<string | undefined> {
  const bytes = await home.read(fileOf(network));
  if (!bytes) return undefined;
  const result = v.safeParse(v.pipe(v.string(), v.parseJson(), walletFile), new TextDecoder().decode(bytes));
  if (!result.success || result.output.network !== network) {
    const place = home.describe(fileOf(network));
    throw new BuyerError('journal-damaged', `The wallet file ${place} is not a wallet for ${network}.`, {
      next: 'Restore it from a backup. Do not delete it: it holds the keys to your coins.',
    });
  }
  return result.output.mnemonic;
}

/** The words there are, or fresh ones. */
export async function wordsOf(home: Home, network: NetworkName): Promise<string> {
  return (await readWords(home, network)) ?? storeWords(home, network, generateMnemonic(wordlist));
}

/** Keeps words unless there are some already. @returns those that are kept */
export function storeWords(home: Home, network: NetworkName, words: string): Promise<string> {
  return home.withLock(lockOf(network), async () => {
    const existing = await readWords(home, network);
    if (existing !== undefined) return existing;
    const file = { version: 1, network, mnemonic: words };
    await home.write(fileOf(network), utf8ToBytes(`${JSON.stringify(file)}\n`));
    return words;
  });
}

/**
 * Words as a person has written them down, in the one form that is kept.
 * @throws BuyerError usage that says which word it is, and repeats none
 */
export function parseWords(text: string): string {
  const words = text.normalize('NFKD').toLowerCase().split(/\s+/).filter(Boolean);
  const next = 'Nothing was changed. Look at the words again, and at their order.';
  if (!COUNTS.includes(words.length)) {
    throw new BuyerError(
      'usage',
      `These are ${words.length} words; a backup has 12, rarely 15, 18, 21 or 24.`,
      {
        next,
      },
    );
  }
  const wrong = words.flatMap((word, index) => (wordlist.includes(word) ? [] : [index + 1]));
  if (wrong.length > 0) {
    throw new BuyerError('usage', `No word of the list (BIP39, English) is number ${wrong.join(', ')}.`, {
      next,
    });
  }
  const joined = words.join(' ');
  if (!validateMnemonic(joined, wordlist)) {
    throw new BuyerError('usage', 'The checksum of the words is wrong: one of them, or their order.', {
      next,
    });
  }
  return joined;
}

export function fileOf(network: NetworkName): string {
  return `wallet-${network}.json`;
}

export function lockOf(network: NetworkName): string {
  return `${fileOf(network)}.lock`;
}
