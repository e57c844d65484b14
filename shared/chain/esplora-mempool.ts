import { MAX_FEE_RATE } from '../limits.ts';
import { ChainUnavailable, type MempoolEntry, type ReplacementRate } from './chain.ts';
import { estimatesSchema, mempoolSchema, spendingsSchema, transactionSchema } from './esplora-answers.ts';
import { type EsploraHttp, isNotFound, parsedJson } from './esplora-http.ts';

/** Nodes keep 25 descendants, or clusters of 64 transactions; more than this is no mempool. */
const MAX_DESCENDANTS = 100;

/** vB. A mempool of the default 300 MB turns transactions away from about 70 to 100 MvB on; well below, the floor is the relay fee's. */
const SURELY_NOT_FULL_VBYTES = 30_000_000;
/** Satoshis per 1,000 vB: the relay floor and increment of all nodes until Bitcoin Core 30, which lowered both. */
const RELAY_FEE_RATE = 1_000n;

type Estimates = readonly { readonly blocks: number; readonly rate: bigint }[];

export async function feeRate(http: EsploraHttp, blocks: number, fallback: bigint): Promise<bigint> {
  const [found, { floor }] = await Promise.all([estimates(http), replacementRate(http)]);
  // The server knows some targets only: the next one that is not slower than asked, else its fastest.
  const estimate = found.findLast((known) => known.blocks <= blocks) ?? found[0];
  return larger(estimate?.rate ?? fallback, floor);
}

/**
 * Esplora tells neither figure. The increment is taken as the highest in use; the floor of a mempool that may be full as its
 * slowest estimate, which nodes never give below it.
 */
export async function replacementRate(http: EsploraHttp): Promise<ReplacementRate> {
  const { vsize } = parsedJson(mempoolSchema, await http.get('/mempool'));
  if (vsize <= SURELY_NOT_FULL_VBYTES) return { incremental: RELAY_FEE_RATE, floor: RELAY_FEE_RATE };
  const slowest = (await estimates(http)).at(-1)?.rate ?? RELAY_FEE_RATE;
  return { incremental: RELAY_FEE_RATE, floor: larger(slowest, RELAY_FEE_RATE) };
}

const estimates = async (http: EsploraHttp): Promise<Estimates> =>
  parsedJson(estimatesSchema, await http.get('/fee-estimates'));

const larger = (one: bigint, other: bigint): bigint => {
  const most = one > other ? one : other;
  return most > MAX_FEE_RATE ? MAX_FEE_RATE : most;
};

interface Waiting {
  readonly fee: bigint;
  readonly virtualSize: number;
}

/** Follows the spends of its outputs through the mempool. */
export async function mempoolEntry(http: EsploraHttp, txid: string): Promise<MempoolEntry | undefined> {
  const entry = await waiting(http, txid);
  if (!entry) return undefined;
  const family = new Map([[txid, entry]]);
  for (const parent of family.keys()) {
    const spendings = parsedJson(spendingsSchema, await http.get(`/tx/${parent}/outspends`));
    for (const spending of spendings) {
      if (!spending.spent || family.has(spending.txid)) continue;
      const child = await waiting(http, spending.txid);
      if (child) family.set(spending.txid, child);
      if (family.size > MAX_DESCENDANTS) throw new ChainUnavailable('Esplora tells of endless descendants');
    }
  }
  const members = [...family.values()];
  return {
    ...entry,
    descendantFees: members.reduce((sum, { fee }) => sum + fee, 0n),
    descendantVirtualSize: members.reduce((sum, { virtualSize }) => sum + virtualSize, 0),
    descendantCount: members.length,
  };
}

/** @returns undefined if it is confirmed or unknown */
async function waiting(http: EsploraHttp, txid: string): Promise<Waiting | undefined> {
  const answer = await http.get(`/tx/${txid}`);
  if (isNotFound(answer, 'Transaction not found')) return undefined;
  const transaction = parsedJson(transactionSchema, answer);
  if (transaction.txid !== txid) throw new ChainUnavailable('Esplora answers with another transaction');
  if (transaction.status) return undefined;
  return { fee: transaction.fee, virtualSize: Math.ceil(transaction.weight / 4) };
}
