import { join } from 'node:path';
import { type BlockRecord, tipOf } from './chain-state.ts';
import { lockFolder } from './folder-lock.ts';
import {
  acceptTransaction,
  admitTransaction,
  type Ledger,
  mineBlock,
  newLedger,
  restoreBlock,
  setInvalidated,
} from './ledger.ts';
import { type LedgerEvent, openJournal } from './ledger-journal.ts';
import type { Admission } from './mempool-policy.ts';
import { parseTransaction, type TransactionRecord } from './transaction-record.ts';

/** The ledger together with its journal: a method that returned has survived any later kill -9. */
export interface StoredLedger {
  readonly ledger: Ledger;
  admit(transaction: TransactionRecord, admission: Admission): void;
  mine(count: number, payTo: Uint8Array, withMempool: boolean): BlockRecord[];
  setInvalidated(record: BlockRecord, invalidated: boolean): void;
  /** @param time unix seconds, 0 for the real clock */
  setMockTime(time: number): void;
  close(): void;
}

/**
 * @param clock unix seconds
 * @throws if another process holds the folder, or if its journal is damaged anywhere but at its end
 */
export function openLedger(dataFolder: string, clock: () => number): StoredLedger {
  const unlock = lockFolder(dataFolder);
  try {
    return openLocked(dataFolder, clock, unlock);
  } catch (error) {
    unlock();
    throw error;
  }
}

function openLocked(dataFolder: string, clock: () => number, unlock: () => void): StoredLedger {
  const { journal, events } = openJournal(join(dataFolder, 'ledger.log'));
  const ledger = newLedger();
  let mockTime = 0;
  for (const event of events) {
    if (event.kind === 'mocktime') mockTime = event.time;
    else replay(ledger, event);
  }
  const now = (): number => mockTime || clock();

  return {
    ledger,
    admit(transaction, admission) {
      const time = now();
      admitTransaction(ledger, transaction, admission, time);
      journal.append([{ kind: 'transaction', raw: transaction.raw, time }]);
    },
    mine(count, payTo, withMempool) {
      const mined: BlockRecord[] = [];
      while (mined.length < count) mined.push(mineBlock(ledger, payTo, now(), withMempool));
      if (mined.length > 0) journal.append(mined.map(({ raw }) => ({ kind: 'block', raw })));
      return mined;
    },
    setInvalidated(record, invalidated) {
      setInvalidated(ledger, record, invalidated);
      journal.append([{ kind: invalidated ? 'invalidate' : 'reconsider', hash: record.hash }]);
    },
    setMockTime(time) {
      mockTime = time;
      journal.append([{ kind: 'mocktime', time }]);
    },
    close() {
      journal.close();
      unlock();
    },
  };
}

function replay(ledger: Ledger, event: Exclude<LedgerEvent, { kind: 'mocktime' }>): void {
  if (event.kind === 'block') {
    restoreBlock(ledger, event.raw);
    return;
  }
  if (event.kind === 'transaction') {
    const transaction = parseTransaction(event.raw);
    if (!transaction) throw new Error('the ledger journal holds something that is no transaction');
    const judgement = acceptTransaction(ledger, transaction, event.time, replayed);
    if (!judgement.rejection) return;
    const why = `${judgement.rejection.reason} at height ${tipOf(ledger.chain).height}`;
    throw new Error(`the ledger journal cannot be replayed: ${transaction.txid} ${why}`);
  }
  const record = ledger.chain.blocks.get(event.hash);
  if (!record) throw new Error(`the ledger journal names an unknown block ${event.hash}`);
  setInvalidated(ledger, record, event.kind === 'invalidate');
}

const replayed = { checkScripts: false, fromBlock: false };
