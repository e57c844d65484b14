import { Block } from 'bitcoinjs-lib';
import { assembleBlock, genesisRecord } from './block-assembly.ts';
import {
  type BlockRecord,
  bestCandidate,
  type ChainState,
  connectBlock,
  describeBlock,
  disconnectTip,
  emptyChain,
  tipOf,
} from './chain-state.ts';
import {
  addEntry,
  emptyMempool,
  inTopologicalOrder,
  type Mempool,
  removeEntry,
  removeWithDescendants,
} from './mempool.ts';
import { type Admission, type Judgement, judgeTransaction, type PolicyOptions } from './mempool-policy.ts';
import type { TransactionRecord } from './transaction-record.ts';

/** A one-node regtest network: best chain, side chains, mempool. */
export interface Ledger {
  readonly chain: ChainState;
  readonly mempool: Mempool;
}

export const newLedger = (): Ledger => ({ chain: emptyChain(genesisRecord()), mempool: emptyMempool() });

/** Mines one block with what the mempool holds. @param now unix seconds */
export function mineBlock(ledger: Ledger, payTo: Uint8Array, now: number, withMempool = true): BlockRecord {
  const entries = withMempool ? inTopologicalOrder(ledger.mempool) : [];
  const record = assembleBlock(ledger.chain, entries, payTo, now);
  addBlock(ledger, record);
  return record;
}

/** Puts back a block that was mined before. */
export function restoreBlock(ledger: Ledger, raw: string): void {
  const block = Block.fromHex(raw);
  const previous = block.prevHash ? Buffer.from(block.prevHash).reverse().toString('hex') : '';
  const parent = ledger.chain.blocks.get(previous);
  if (!parent) throw new Error(`block ${block.getId()} has no known parent`);
  addBlock(ledger, describeBlock(block, parent.height + 1, ledger.chain.blocks.size));
}

function addBlock(ledger: Ledger, record: BlockRecord): void {
  ledger.chain.blocks.set(record.hash, record);
  if (record.previous !== tipOf(ledger.chain).hash) {
    activateBestChain(ledger);
    return;
  }
  connectBlock(ledger.chain, record);
  forgetMined(ledger.mempool, record);
}

/** Accepts into the mempool, or says why not. @param now unix seconds */
export function acceptTransaction(
  ledger: Ledger,
  transaction: TransactionRecord,
  now: number,
  options: PolicyOptions = { checkScripts: true, fromBlock: false },
): Judgement {
  const judgement = judgeTransaction(ledger, transaction, options);
  if (!judgement.rejection) admitTransaction(ledger, transaction, judgement, now);
  return judgement;
}

/** Carries out what `judgeTransaction` just said yes to. @param now unix seconds */
export function admitTransaction(
  ledger: Ledger,
  transaction: TransactionRecord,
  { fee, evicted }: Admission,
  now: number,
): void {
  for (const entry of evicted) removeEntry(ledger.mempool, entry);
  addEntry(ledger.mempool, { ...transaction, fee, time: now, height: tipOf(ledger.chain).height });
}

export function setInvalidated(ledger: Ledger, record: BlockRecord, invalidated: boolean): void {
  if (invalidated) record.invalidated = true;
  else forgiveFamily(ledger.chain, record);
  activateBestChain(ledger);
}

/** reconsiderblock clears the mark on a block, on what it stands on and on what stands on it. */
function forgiveFamily(chain: ChainState, record: BlockRecord): void {
  for (let at: BlockRecord | undefined = record; at; at = chain.blocks.get(at.previous))
    at.invalidated = false;
  const family = new Set([record.hash]);
  for (const block of chain.blocks.values()) {
    if (!family.has(block.previous)) continue;
    family.add(block.hash);
    block.invalidated = false;
  }
}

function activateBestChain(ledger: Ledger): void {
  const { chain } = ledger;
  const path: BlockRecord[] = [];
  let fork: BlockRecord = bestCandidate(chain);
  while (chain.active[fork.height] !== fork) {
    path.unshift(fork);
    const parent = chain.blocks.get(fork.previous);
    if (!parent) throw new Error(`block ${fork.hash} has no known parent`);
    fork = parent;
  }
  const returning: TransactionRecord[] = [];
  while (tipOf(chain) !== fork) returning.unshift(...disconnectTip(chain).transactions.slice(1));
  for (const record of path) {
    connectBlock(chain, record);
    forgetMined(ledger.mempool, record);
  }
  if (returning.length > 0 || path.length === 0) refillMempool(ledger, returning);
}

/** A mined transaction leaves the mempool, and whatever conflicts with it leaves with its descendants. */
function forgetMined(mempool: Mempool, record: BlockRecord): void {
  for (const transaction of record.transactions.slice(1)) {
    const entry = mempool.entries.get(transaction.txid);
    if (entry) removeEntry(mempool, entry);
    for (const key of transaction.spends) {
      const conflict = mempool.spenders.get(key);
      if (conflict) removeWithDescendants(mempool, conflict);
    }
  }
}

/** After blocks went: their transactions come back first, then what waited on top of them, if it still may. */
function refillMempool(ledger: Ledger, returning: readonly TransactionRecord[]): void {
  const waiting = inTopologicalOrder(ledger.mempool);
  for (const entry of waiting) removeEntry(ledger.mempool, entry);
  const now = tipOf(ledger.chain).time;
  const returned = { checkScripts: false, fromBlock: true };
  for (const transaction of returning) acceptTransaction(ledger, transaction, now, returned);
  for (const entry of waiting) {
    const conflicts = entry.spends.some((key) => ledger.mempool.spenders.has(key));
    if (!conflicts) acceptTransaction(ledger, entry, entry.time, returned);
  }
}
