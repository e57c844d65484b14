import type { Block } from 'bitcoinjs-lib';
import { bytesToHex } from './hex.ts';
import { describeTransaction, outpointKey, type TransactionRecord } from './transaction-record.ts';

export interface Coin {
  readonly value: bigint;
  readonly script: Uint8Array;
  /** Height of the block that created it. */
  readonly height: number;
  readonly coinbase: boolean;
}

export interface BlockRecord {
  readonly hash: string;
  readonly height: number;
  readonly previous: string;
  readonly time: number;
  readonly raw: string;
  readonly block: Block;
  readonly transactions: readonly TransactionRecord[];
  /** Order of arrival: of two chains of equal length the one seen first stays. */
  readonly sequence: number;
  /** Set by invalidateblock, on this block only; its descendants are invalid with it. */
  invalidated: boolean;
  /** What connecting it spent, so that it can be disconnected. */
  spent: [key: string, coin: Coin][];
}

/** The best chain and everything known about blocks; all work per block is equal on regtest, so height is work. */
export interface ChainState {
  readonly blocks: Map<string, BlockRecord>;
  /** The best chain, index = height. */
  readonly active: BlockRecord[];
  readonly coins: Map<string, Coin>;
  /** The block of the best chain that holds a transaction. */
  readonly confirmed: Map<string, BlockRecord>;
}

export const emptyChain = (genesis: BlockRecord): ChainState => ({
  blocks: new Map([[genesis.hash, genesis]]),
  active: [genesis],
  // Nobody can spend the genesis output, so it is no coin.
  coins: new Map(),
  confirmed: new Map(),
});

export function tipOf(chain: ChainState): BlockRecord {
  const tip = chain.active.at(-1);
  if (!tip) throw new Error('a chain always has its genesis block');
  return tip;
}

export function describeBlock(block: Block, height: number, sequence: number): BlockRecord {
  const previous = block.prevHash ? bytesToHex(Uint8Array.from(block.prevHash).reverse()) : '';
  return {
    hash: block.getId(),
    height,
    previous,
    time: block.timestamp,
    raw: block.toHex(false),
    block,
    transactions: (block.transactions ?? []).map(describeTransaction),
    sequence,
    invalidated: false,
    spent: [],
  };
}

/** Median time of a block and the ten before it, the clock of time locks (BIP113). */
export function medianTimePast(chain: ChainState, height: number): number {
  const times = chain.active.slice(Math.max(0, height - 10), height + 1).map((block) => block.time);
  times.sort((left, right) => left - right);
  return times[times.length >> 1] ?? 0;
}

export function connectBlock(chain: ChainState, record: BlockRecord): void {
  if (record.previous !== tipOf(chain).hash) throw new Error(`block ${record.hash} does not extend the tip`);
  record.spent = [];
  record.transactions.forEach((transaction, index) => {
    if (index > 0) for (const key of transaction.spends) spendCoin(chain, record, key);
    addOutputs(chain, transaction, record.height, index === 0);
    chain.confirmed.set(transaction.txid, record);
  });
  chain.active.push(record);
}

function spendCoin(chain: ChainState, record: BlockRecord, key: string): void {
  const coin = chain.coins.get(key);
  if (!coin) throw new Error(`block ${record.hash} spends ${key}, which is not there`);
  record.spent.push([key, coin]);
  chain.coins.delete(key);
}

function addOutputs(
  chain: ChainState,
  transaction: TransactionRecord,
  height: number,
  coinbase: boolean,
): void {
  transaction.tx.outs.forEach((output, vout) => {
    if (output.script[0] === OP_RETURN) return;
    const coin: Coin = { value: output.value, script: output.script, height, coinbase };
    chain.coins.set(outpointKey(transaction.txid, vout), coin);
  });
}

const OP_RETURN = 0x6a;

/** Takes the tip off the best chain. @returns the block that was the tip */
export function disconnectTip(chain: ChainState): BlockRecord {
  const record = tipOf(chain);
  chain.active.pop();
  for (const transaction of record.transactions) {
    transaction.tx.outs.forEach((_, vout) => {
      chain.coins.delete(outpointKey(transaction.txid, vout));
    });
    chain.confirmed.delete(transaction.txid);
  }
  // Coins that the block both made and spent belong to neither side of it.
  const own = new Set(record.transactions.map((transaction) => transaction.txid));
  for (const [key, coin] of record.spent) if (!own.has(key.slice(0, 64))) chain.coins.set(key, coin);
  return record;
}

/** The longest chain without an invalidated block; of equals the one whose tip came first. */
export function bestCandidate(chain: ChainState): BlockRecord {
  const valid = new Map<string, boolean>();
  const isValid = (record: BlockRecord): boolean => {
    const known = valid.get(record.hash);
    if (known !== undefined) return known;
    const parent = chain.blocks.get(record.previous);
    const result = !record.invalidated && (parent === undefined || isValid(parent));
    valid.set(record.hash, result);
    return result;
  };
  let best: BlockRecord | undefined;
  // Blocks are stored parents first, so the recursion above never goes deeper than one step.
  for (const record of chain.blocks.values()) {
    if (!isValid(record)) continue;
    const better =
      !best ||
      record.height > best.height ||
      (record.height === best.height && record.sequence < best.sequence);
    if (better) best = record;
  }
  if (!best) throw new Error('the genesis block cannot be invalidated');
  return best;
}
