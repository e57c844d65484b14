import {
  ancestorsOf,
  childrenOf,
  descendantsOf,
  type Mempool,
  type MempoolEntry,
  parentsOf,
} from './mempool.ts';
import { type Rejection, reject } from './rejection.ts';
import type { TransactionRecord } from './transaction-record.ts';

/** BIP431. */
const TRUC_VERSION = 3;
const TRUC_MAX_VSIZE = 10_000;
const TRUC_CHILD_MAX_VSIZE = 1_000;

export interface TrucResult {
  readonly rejection?: Rejection;
  /** The parent's only child, which the new transaction may push out if it pays for it. */
  readonly sibling?: MempoolEntry;
}

const named = ({ txid, wtxid }: TransactionRecord): string => `${txid} (wtxid=${wtxid})`;

/** "Topologically restricted until confirmation" (BIP431), sibling eviction included. */
export function checkTruc(
  mempool: Mempool,
  transaction: TransactionRecord,
  conflicts: ReadonlySet<string>,
): TrucResult {
  const parents = parentsOf(mempool, transaction);
  const isTruc = transaction.tx.version === TRUC_VERSION;
  for (const parent of parents) {
    const rejection = checkInheritance(transaction, parent, isTruc);
    if (rejection) return { rejection };
  }
  if (!isTruc) return {};
  if (transaction.vsize > TRUC_MAX_VSIZE) return tooBig('', transaction, TRUC_MAX_VSIZE);
  if (ancestorsOf(mempool, transaction).length > 1) {
    const details = `tx ${named(transaction)} would have too many ancestors`;
    return { rejection: reject('truc-ancestors-toomany', details) };
  }
  const [parent] = parents;
  if (!parent) return {};
  if (transaction.vsize > TRUC_CHILD_MAX_VSIZE) return tooBig('child ', transaction, TRUC_CHILD_MAX_VSIZE);
  return checkOnlyChild(mempool, parent, conflicts);
}

function checkInheritance(
  transaction: TransactionRecord,
  parent: MempoolEntry,
  isTruc: boolean,
): Rejection | undefined {
  const parentIsTruc = parent.tx.version === TRUC_VERSION;
  if (isTruc === parentIsTruc) return undefined;
  const [own, other] = isTruc ? ['version=3', 'non-version=3'] : ['non-version=3', 'version=3'];
  const details = `${own} tx ${named(transaction)} cannot spend from ${other} tx ${named(parent)}`;
  return reject(isTruc ? 'truc-spends-nontruc' : 'truc-spent-by-nontruc', details);
}

function tooBig(child: string, transaction: TransactionRecord, limit: number): TrucResult {
  const details = `version=3 ${child}tx ${named(transaction)} is too big: ${transaction.vsize} > ${limit} virtual bytes`;
  return { rejection: reject(child ? 'truc-child-toobig' : 'truc-vsize-toobig', details) };
}

function checkOnlyChild(mempool: Mempool, parent: MempoolEntry, conflicts: ReadonlySet<string>): TrucResult {
  const descendants = descendantsOf(mempool, parent);
  const [child] = childrenOf(mempool, parent);
  if (!child || conflicts.has(child.txid)) return {};
  const rejection = reject(
    'truc-descendants-toomany',
    `tx ${named(parent)} would exceed descendant count limit`,
  );
  // After a reorg a parent may have more than one child; then there is no one sibling to choose.
  const evictable = descendants.length === 1 && ancestorsOf(mempool, child).length === 1;
  return evictable ? { rejection, sibling: child } : { rejection };
}
