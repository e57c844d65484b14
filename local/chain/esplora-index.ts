import { createHash } from 'node:crypto';
import { Block, Transaction } from 'bitcoinjs-lib';
import * as v from 'valibot';
import { type NodeCall, NodeRefusal } from '../../shared/chain/bitcoind-rpc.ts';
import { NODE_TIMEOUT_MS } from '../../shared/limits.ts';
import { describeTransaction, outpointKey, type TransactionRecord } from './transaction-record.ts';

export interface IndexedBlock {
  readonly hash: string;
  readonly height: number;
  /** Unix seconds. */
  readonly time: number;
  readonly transactions: readonly TransactionRecord[];
}

export interface IndexedTransaction {
  readonly record: TransactionRecord;
  /** Absent while it waits in the mempool. */
  readonly block?: IndexedBlock;
}

export interface SpendingInput {
  readonly txid: string;
  readonly vin: number;
}

/** What Esplora keeps and Bitcoin Core does not: who spends an output, and which outputs a script has. */
export interface EsploraIndex {
  /** Catches up with the node. Everything below answers as of the last time. */
  refresh(): Promise<void>;
  tip(): IndexedBlock;
  blockAt(height: number): IndexedBlock | undefined;
  blockOf(hash: string): IndexedBlock | undefined;
  transaction(txid: string): IndexedTransaction | undefined;
  spender(txid: string, vout: number): SpendingInput | undefined;
  /** @param scriptHash SHA-256 of the script, in hex */
  unspentBy(scriptHash: string): readonly { readonly txid: string; readonly vout: number }[];
  waiting(): readonly TransactionRecord[];
}

const hashSchema = v.string();
const headerSchema = v.object({ height: v.number(), previousblockhash: v.optional(v.string()) });
const NOT_FOUND = -5;

export const scriptHashOf = (script: Uint8Array): string => createHash('sha256').update(script).digest('hex');

export function esploraIndex(call: NodeCall): EsploraIndex {
  const active: IndexedBlock[] = [];
  const confirmed = new Map<string, IndexedTransaction>();
  const spends = new Map<string, SpendingInput>();
  let mempool = new Map<string, TransactionRecord>();
  let mempoolSpends = new Map<string, SpendingInput>();

  const tip = (): IndexedBlock => {
    const last = active.at(-1);
    if (!last) throw new Error('the index was never refreshed');
    return last;
  };
  const isActive = (hash: string): boolean => active.some((block) => block.hash === hash);
  const transaction = (txid: string): IndexedTransaction | undefined => {
    const record = mempool.get(txid);
    return confirmed.get(txid) ?? (record && { record });
  };
  const spender = (txid: string, vout: number): SpendingInput | undefined =>
    spends.get(outpointKey(txid, vout)) ?? mempoolSpends.get(outpointKey(txid, vout));

  function disconnect(block: IndexedBlock): void {
    for (const { txid, spends: spent } of block.transactions) {
      confirmed.delete(txid);
      for (const key of spent) spends.delete(key);
    }
    active.pop();
  }

  function connect(block: IndexedBlock): void {
    for (const record of block.transactions) {
      confirmed.set(record.txid, { record, block });
      record.spends.forEach((key, vin) => {
        spends.set(key, { txid: record.txid, vin });
      });
    }
    active.push(block);
  }

  async function readBlocks(best: string): Promise<void> {
    const path: { readonly hash: string; readonly height: number }[] = [];
    let hash: string | undefined = best;
    while (hash !== undefined && !isActive(hash)) {
      const header: v.InferOutput<typeof headerSchema> = await ask('getblockheader', headerSchema, hash);
      path.unshift({ hash, height: header.height });
      hash = header.previousblockhash;
    }
    while (active.length > 0 && active.at(-1)?.hash !== hash) disconnect(tip());
    for (const at of path) {
      const block = Block.fromHex(await ask('getblock', v.string(), at.hash, 0));
      const transactions = (block.transactions ?? []).map(describeTransaction);
      connect({ ...at, time: block.timestamp, transactions });
    }
  }

  async function readMempool(): Promise<void> {
    const next = new Map<string, TransactionRecord>();
    for (const txid of await ask('getrawmempool', v.array(v.string()))) {
      const record = mempool.get(txid) ?? (await waitingTransaction(txid));
      if (record) next.set(txid, record);
    }
    mempool = next;
    mempoolSpends = new Map(
      [...next.values()].flatMap(({ txid, spends: spent }) =>
        spent.map((key, vin) => [key, { txid, vin }] as const),
      ),
    );
  }

  async function waitingTransaction(txid: string): Promise<TransactionRecord | undefined> {
    try {
      return describeTransaction(Transaction.fromHex(await ask('getrawtransaction', v.string(), txid)));
    } catch (error) {
      if (error instanceof NodeRefusal && error.code === NOT_FOUND) return undefined;
      throw error;
    }
  }

  const ask = <Schema extends v.GenericSchema>(method: string, schema: Schema, ...params: unknown[]) =>
    call(schema, NODE_TIMEOUT_MS, method, ...params);

  async function refresh(): Promise<void> {
    for (let best = await ask('getbestblockhash', hashSchema); ; ) {
      await readBlocks(best);
      await readMempool();
      const after = await ask('getbestblockhash', hashSchema);
      if (after === best) return;
      best = after;
    }
  }

  let refreshing: Promise<void> = Promise.resolve();
  return {
    refresh() {
      // One after the other: two at once would connect a block twice.
      refreshing = refreshing.catch(() => undefined).then(refresh);
      return refreshing;
    },
    tip,
    blockAt: (height) => active[height],
    blockOf: (hash) => active.find((block) => block.hash === hash),
    transaction,
    spender,
    unspentBy(scriptHash) {
      const records = [...[...confirmed.values()].map(({ record }) => record), ...mempool.values()];
      return records.flatMap(({ tx, txid }) =>
        tx.outs.flatMap(({ script }, vout) =>
          scriptHashOf(script) === scriptHash && !spender(txid, vout) ? [{ txid, vout }] : [],
        ),
      );
    },
    waiting: () => [...mempool.values()],
  };
}
