import { bytesToHex } from '@noble/hashes/utils.js';
import type { Outpoint, WalletOutput } from '../../shared/chain/chain.ts';
import { addressOfScript, NETWORK_NAMES, type NetworkName } from '../../shared/protocol/network.ts';
import type { BuyerChain } from './buyer-context.ts';
import type { Coin } from './funding.ts';
import type { Home } from './home.ts';
import { type WalletKey, type WalletKeys, walletKeys } from './wallet-keys.ts';
import { emptyUse, foldWalletUse, type WalletRecord, type WalletUse, walletRecord } from './wallet-use.ts';
import { fileOf, lockOf, wordsOf } from './wallet-words.ts';

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
  /** Looks far ahead for coins, where the words are all there is: what was used lies before the last of them. */
  findUsed(chain: BuyerChain): Promise<void>;
  /** Gives back what a purchase has taken, but for the coins it still needs. */
  releaseCoins(purchase: string, keep: readonly Outpoint[]): Promise<void>;
}

/** Addresses looked at beyond the last one used, as BIP44 has it. */
const GAP = 20;
/** The same where nothing is known of what was used: every channel uses two addresses for change, also one that came to nothing. */
const RECOVERY_GAP = 200;

/**
 * Opens the wallet of a network in a home, or makes one with fresh words.
 * @throws BuyerError journal-damaged
 */
export async function openWallet(home: Home, network: NetworkName): Promise<Wallet> {
  return walletOf(home, network, await walletKeys(await wordsOf(home, network), network));
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
    findUsed: (chain) =>
      update(async (_, append) => {
        for (const branch of ['external', 'internal'] as const) {
          const index = await lastUsed(chain, keys[branch]);
          if (index >= 0) await append({ v: 1, record: 'index-used', branch, index });
        }
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

/** The highest index of a branch that holds a coin; -1 for none. */
async function lastUsed(chain: BuyerChain, keyAt: (index: number) => WalletKey): Promise<number> {
  let last = -1;
  for (let start = 0; start <= last + RECOVERY_GAP; start += RECOVERY_GAP) {
    const scripts = Array.from({ length: RECOVERY_GAP }, (_, index) => keyAt(start + index).script);
    const found = new Set((await chain.outputsPayingTo(scripts)).map(({ script }) => bytesToHex(script)));
    for (const [index, script] of scripts.entries()) if (found.has(bytesToHex(script))) last = start + index;
  }
  return last;
}

function coinOf(
  output: WalletOutput,
  known: ReadonlyMap<string, KnownScript>,
): readonly (Coin & KnownScript)[] {
  const owner = known.get(bytesToHex(output.script));
  return owner ? [{ ...output, ...owner }] : [];
}
