import type { Coin } from './chain-state.ts';
import { outpointKey, type TransactionRecord } from './transaction-record.ts';

export interface MempoolEntry extends TransactionRecord {
  /** Satoshis. */
  readonly fee: bigint;
  /** Unix seconds of its arrival. */
  readonly time: number;
  /** Height of the tip when it arrived. */
  readonly height: number;
}

export interface Mempool {
  /** By txid. */
  readonly entries: Map<string, MempoolEntry>;
  /** Which entry spends an outpoint. */
  readonly spenders: Map<string, MempoolEntry>;
}

export const emptyMempool = (): Mempool => ({ entries: new Map(), spenders: new Map() });

export function addEntry(mempool: Mempool, entry: MempoolEntry): void {
  mempool.entries.set(entry.txid, entry);
  for (const key of entry.spends) mempool.spenders.set(key, entry);
}

export function removeEntry(mempool: Mempool, entry: MempoolEntry): void {
  mempool.entries.delete(entry.txid);
  for (const key of entry.spends) {
    if (mempool.spenders.get(key)?.txid === entry.txid) mempool.spenders.delete(key);
  }
}

export function removeWithDescendants(mempool: Mempool, entry: MempoolEntry): void {
  for (const gone of [entry, ...descendantsOf(mempool, entry)]) removeEntry(mempool, gone);
}

/** The mempool's own output as a coin; `height` is the height it would be mined at. */
export function mempoolCoin(mempool: Mempool, key: string, height: number): Coin | undefined {
  const [txid = '', vout = ''] = key.split(':');
  const output = mempool.entries.get(txid)?.tx.outs[Number(vout)];
  return output && { value: output.value, script: output.script, height, coinbase: false };
}

export function parentsOf(mempool: Mempool, transaction: TransactionRecord): MempoolEntry[] {
  const parents = new Map<string, MempoolEntry>();
  for (const key of transaction.spends) {
    const parent = mempool.entries.get(key.slice(0, 64));
    if (parent) parents.set(parent.txid, parent);
  }
  return [...parents.values()];
}

export function childrenOf(mempool: Mempool, transaction: TransactionRecord): MempoolEntry[] {
  const children = new Map<string, MempoolEntry>();
  transaction.tx.outs.forEach((_, vout) => {
    const child = mempool.spenders.get(outpointKey(transaction.txid, vout));
    if (child) children.set(child.txid, child);
  });
  return [...children.values()];
}

/** Everything unconfirmed that it depends on, itself not included. */
export const ancestorsOf = (mempool: Mempool, transaction: TransactionRecord): MempoolEntry[] =>
  reachable(transaction, (from) => parentsOf(mempool, from));

/** Everything unconfirmed that depends on it, itself not included. */
export const descendantsOf = (mempool: Mempool, transaction: TransactionRecord): MempoolEntry[] =>
  reachable(transaction, (from) => childrenOf(mempool, from));

function reachable(
  start: TransactionRecord,
  next: (from: TransactionRecord) => MempoolEntry[],
): MempoolEntry[] {
  const found = new Map<string, MempoolEntry>();
  const open: TransactionRecord[] = [start];
  for (let from = open.pop(); from; from = open.pop()) {
    for (const entry of next(from)) {
      if (found.has(entry.txid)) continue;
      found.set(entry.txid, entry);
      open.push(entry);
    }
  }
  return [...found.values()];
}

/** Entries with every parent before its children, as a block needs them. */
export function inTopologicalOrder(mempool: Mempool): MempoolEntry[] {
  const ordered = new Map<string, MempoolEntry>();
  const visit = (entry: MempoolEntry): void => {
    if (ordered.has(entry.txid)) return;
    for (const parent of parentsOf(mempool, entry)) visit(parent);
    ordered.set(entry.txid, entry);
  };
  for (const entry of mempool.entries.values()) visit(entry);
  return [...ordered.values()];
}
