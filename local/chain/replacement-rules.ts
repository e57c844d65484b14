import { descendantsOf, type Mempool, type MempoolEntry, parentsOf } from './mempool.ts';
import { formatFeeRate, formatMoney, type Rejection, reject } from './rejection.ts';
import type { TransactionRecord } from './transaction-record.ts';

const MAX_EVICTIONS = 100;
/** Satoshis per 1,000 vB that a replacement pays for its own relay. */
export const INCREMENTAL_FEE_RATE = 1000n;

/** Satoshis for a size at a rate per 1,000 vB, rounded up as nodes do. */
export const feeAt = (rate: bigint, vsize: number): bigint => (rate * BigInt(vsize) + 999n) / 1000n;

export interface Replacement {
  readonly rejection?: Rejection;
  /** Everything that leaves the mempool when it is accepted. */
  readonly evicted: readonly MempoolEntry[];
}

/** BIP125 without opt-in, as nodes apply it today. @param direct entries that spend the same outpoints, or a TRUC sibling */
export function checkReplacement(
  mempool: Mempool,
  transaction: TransactionRecord,
  fee: bigint,
  direct: readonly MempoolEntry[],
  siblingEviction: boolean,
): Replacement {
  const refuse = (reason: string, details: string): Replacement => ({
    rejection: reject(siblingEviction ? `${reason} (including sibling eviction)` : reason, details),
    evicted: [],
  });
  const { txid, vsize } = transaction;

  for (const conflict of direct) {
    if (fee * BigInt(conflict.vsize) > conflict.fee * BigInt(vsize)) continue;
    const rates = `${formatFeeRate(fee, vsize)} <= old feerate ${formatFeeRate(conflict.fee, conflict.vsize)}`;
    return refuse('insufficient fee', `rejecting replacement ${txid}; new feerate ${rates}`);
  }

  const evicted = withDescendants(mempool, direct);
  if (evicted.length > MAX_EVICTIONS) {
    const count = `too many potential replacements (${evicted.length} > ${MAX_EVICTIONS})`;
    return refuse('too many potential replacements', `rejecting replacement ${txid}; ${count}`);
  }

  const added = addedUnconfirmedInput(mempool, transaction, direct);
  if (added !== undefined) {
    return refuse('replacement-adds-unconfirmed', `replacement ${txid} adds unconfirmed input, idx ${added}`);
  }

  const evictedFees = evicted.reduce((sum, entry) => sum + entry.fee, 0n);
  if (fee < evictedFees) {
    const sums = `${formatMoney(fee)} < ${formatMoney(evictedFees)}`;
    return refuse(
      'insufficient fee',
      `rejecting replacement ${txid}, less fees than conflicting txs; ${sums}`,
    );
  }
  const relayFee = feeAt(INCREMENTAL_FEE_RATE, vsize);
  if (fee - evictedFees < relayFee) {
    const sums = `${formatMoney(fee - evictedFees)} < ${formatMoney(relayFee)}`;
    return refuse(
      'insufficient fee',
      `rejecting replacement ${txid}, not enough additional fees to relay; ${sums}`,
    );
  }
  return { evicted };
}

/** The first input that spends something unconfirmed which no replaced transaction spent from (BIP125, rule 2). */
function addedUnconfirmedInput(
  mempool: Mempool,
  transaction: TransactionRecord,
  direct: readonly MempoolEntry[],
): number | undefined {
  if (direct.length === 0) return undefined;
  const known = new Set(direct.flatMap((conflict) => parentsOf(mempool, conflict)));
  const index = transaction.spends.findIndex((key) => {
    const parent = mempool.entries.get(key.slice(0, 64));
    return parent !== undefined && !known.has(parent);
  });
  return index < 0 ? undefined : index;
}

function withDescendants(mempool: Mempool, direct: readonly MempoolEntry[]): MempoolEntry[] {
  const all = new Map<string, MempoolEntry>();
  for (const entry of direct) {
    for (const gone of [entry, ...descendantsOf(mempool, entry)]) all.set(gone.txid, gone);
  }
  return [...all.values()];
}
