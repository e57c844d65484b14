import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import { generateMnemonic, validateMnemonic } from '@scure/bip39';
import { wordlist } from '@scure/bip39/wordlists/english.js';
import * as v from 'valibot';
import type { Outpoint, WalletOutput } from '../../shared/chain/chain.ts';
import { addressOfScript, NETWORK_NAMES, type NetworkName } from '../../shared/protocol/network.ts';
import type { BuyerChain } from './buyer-context.ts';
import { BuyerError } from './errors.ts';
import type { Coin } from './funding.ts';
import type { Home } from './home.ts';
import { type WalletKey, type WalletKeys, walletKeys } from './wallet-keys.ts';
import { emptyUse, foldWalletUse, type WalletRecord, type WalletUse, walletRecord } from './wallet-use.ts';

/** The buyer's own wallet: the words in one file written once, what was used of it in a journal beside it. */
export interface Wallet {
  readonly network: NetworkName;
  readonly keys: WalletKeys;
  /** The next address that nobody has paid to. */
  depositAddress(): Promise<string>;
  /** Confirmed, unspent coins that no purchase has taken, or this one. */
  coins(chain: BuyerChain, purchase?: string): Promise<readonly Coin[]>;
  /** Gives out an index of a branch, never again. */
  nextChannelIndex(): Promise<number>;
  nextInternalIndex(): Promise<number>;
  /**
   * Takes coins for a purchase: reads them and records the choice as one step, also between processes. What the purchase
   * has taken before is among them.
   */
  takeCoins<T extends { readonly inputs: readonly Coin[] }>(
    chain: BuyerChain,
    purchase: string,
    choose: (coins: readonly Coin[]) => T,
  ): Promise<T>;
  /** Gives back what a purchase has taken, but for the coins it still needs. */
  releaseCoins(purchase: string, keep: readonly Outpoint[]): Promise<void>;
}

const walletFile = v.strictObject({
  version: v.literal(1),
  network: v.picklist(NETWORK_NAMES),
  mnemonic: v.pipe(
    v.string(),
    v.check((words) => validateMnemonic(words, wordlist), 'must be valid BIP39 words'),
  ),
});

/** Addresses looked at beyond the last one used, as BIP44 has it. */
const GAP = 20;

/**
 * Opens the wallet of a network in a home, or makes one with fresh words.
 * @throws BuyerError journal-damaged
 */
export async function openWallet(home: Home, network: NetworkName): Promise<Wallet> {
  const mnemonic = (await readMnemonic(home, network)) ?? (await createMnemonic(home, network));
  return walletOf(home, network, await walletKeys(mnemonic, network));
}

/** The networks for which a home has a wallet. */
export async function walletNetworks(home: Home): Promise<readonly NetworkName[]> {
  const names = new Set(await home.names());
  return NETWORK_NAMES.filter((network) => names.has(fileOf(network)));
}

function walletOf(home: Home, network: NetworkName, keys: WalletKeys): Wallet {
  /** Reads what was used and appends what the work adds to it, alone. */
  const update = <T>(work: (use: WalletUse, append: (record: WalletRecord) => Promise<void>) => Promise<T>) =>
    home.withLock(lockOf(network), async () => {
      const journal = await home.openJournal(`wallet-${network}.jsonl`, walletRecord);
      try {
        return await work(journal.records.reduce(foldWalletUse, emptyUse), journal.append);
      } finally {
        await journal.close();
      }
    });
  const takeIndex = (branch: 'channel' | 'internal') =>
    update(async (use, append) => {
      const index = use.next[branch];
      await append({ v: 1, record: 'index-used', branch, index });
      return index;
    });
  const freeCoins = async (
    chain: BuyerChain,
    use: WalletUse,
    append: (record: WalletRecord) => Promise<void>,
    purchase?: string,
  ) => {
    const known = knownScripts(keys, use);
    const outputs = await chain.outputsPayingTo([...known.values()].map(({ key }) => key.script));
    const coins = outputs.flatMap((output) => coinOf(output, known));
    const received = Math.max(
      -1,
      ...coins.flatMap(({ branch, index }) => (branch === 'external' ? [index] : [])),
    );
    if (received >= use.next.external) {
      await append({ v: 1, record: 'index-used', branch: 'external', index: received });
    }
    const free = coins.filter(({ outpoint }) => {
      const owner = use.reserved.get(outpointText(outpoint));
      return owner === undefined || owner === purchase;
    });
    // A list of confirmed outputs may not know the mempool; this question does.
    const unspent = await Promise.all(free.map(({ outpoint }) => chain.unspentOutput(outpoint)));
    return free.filter((_, position) => unspent[position] !== undefined);
  };
  return {
    network,
    keys,
    depositAddress: () =>
      update(async (use) => addressOfScript(keys.external(use.next.external).script, network)),
    coins: (chain, purchase) => update((use, append) => freeCoins(chain, use, append, purchase)),
    nextChannelIndex: () => takeIndex('channel'),
    nextInternalIndex: () => takeIndex('internal'),
    takeCoins: (chain, purchase, choose) =>
      update(async (use, append) => {
        const choice = choose(await freeCoins(chain, use, append, purchase));
        const outpoints = choice.inputs.map(({ outpoint }) => outpointText(outpoint));
        await append({ v: 1, record: 'coins-reserved', purchase, outpoints });
        return choice;
      }),
    releaseCoins: (purchase, keep) =>
      update(async (use, append) => {
        const kept = new Set(keep.map(outpointText));
        const outpoints = [...use.reserved].flatMap(([outpoint, owner]) =>
          owner === purchase && !kept.has(outpoint) ? [outpoint] : [],
        );
        if (outpoints.length > 0) await append({ v: 1, record: 'coins-released', outpoints });
      }),
  };
}

export function outpointText({ txid, vout }: Outpoint): string {
  return `${txid}:${vout}`;
}

interface KnownScript {
  readonly branch: 'external' | 'internal';
  readonly index: number;
  readonly key: WalletKey;
}

function knownScripts(keys: WalletKeys, use: WalletUse): ReadonlyMap<string, KnownScript> {
  const known = new Map<string, KnownScript>();
  for (const branch of ['external', 'internal'] as const) {
    for (let index = 0; index < use.next[branch] + GAP; index++) {
      const key = keys[branch](index);
      known.set(bytesToHex(key.script), { branch, index, key });
    }
  }
  return known;
}

function coinOf(
  output: WalletOutput,
  known: ReadonlyMap<string, KnownScript>,
): readonly (Coin & KnownScript)[] {
  const owner = known.get(bytesToHex(output.script));
  return owner ? [{ ...output, ...owner }] : [];
}

async function readMnemonic(home: Home, network: NetworkName): Promise<string | undefined> {
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

function createMnemonic(home: Home, network: NetworkName): Promise<string> {
  return home.withLock(lockOf(network), async () => {
    const existing = await readMnemonic(home, network);
    if (existing !== undefined) return existing;
    const mnemonic = generateMnemonic(wordlist);
    await home.write(fileOf(network), utf8ToBytes(`${JSON.stringify({ version: 1, network, mnemonic })}\n`));
    return mnemonic;
  });
}

function fileOf(network: NetworkName): string {
  return `wallet-${network}.json`;
}

function lockOf(network: NetworkName): string {
  return `${fileOf(network)}.lock`;
}
