import { type Coin, tipOf } from './chain-state.ts';
import { checkFinal, checkRelativeLocks } from './finality.ts';
import type { Ledger } from './ledger.ts';
import {
  ancestorsOf,
  descendantsOf,
  type Mempool,
  type MempoolEntry,
  mempoolCoin,
  parentsOf,
} from './mempool.ts';
import { formatMoney, missingInputs, type Rejection, reject } from './rejection.ts';
import { checkReplacement, feeAt } from './replacement-rules.ts';
import { checkInputScript } from './script-check.ts';
import { checkForm, checkStandard, scriptKind } from './standardness.ts';
import { outpointKey, type TransactionRecord } from './transaction-record.ts';
import { checkTruc } from './truc-rules.ts';

/** Satoshis per 1,000 vB. */
export const MIN_RELAY_FEE_RATE = 1000n;
const COINBASE_MATURITY = 100;
const MAX_CHAIN_VSIZE = 101_000;
const MAX_WITNESS_ITEM = 80;
const MAX_WITNESS_ITEMS = 100;

export interface PolicyOptions {
  /** Off while replaying what was checked before it was written down. */
  readonly checkScripts: boolean;
  /** On for transactions that come back from a disconnected block: no fee floor, no replacing. */
  readonly fromBlock: boolean;
}

export interface Admission {
  readonly rejection?: undefined;
  /** Satoshis. */
  readonly fee: bigint;
  /** What it replaces. */
  readonly evicted: readonly MempoolEntry[];
}

export type Judgement = { readonly rejection: Rejection } | Admission;

/** Every rule between a transaction and the mempool, in Core's order, so that the first failure has the same name. */
export function judgeTransaction(
  ledger: Ledger,
  transaction: TransactionRecord,
  options: PolicyOptions,
): Judgement {
  const { chain, mempool } = ledger;
  const early =
    checkForm(transaction) ??
    checkStandard(transaction) ??
    checkFinal(chain, transaction) ??
    checkNew(mempool, transaction);
  if (early) return { rejection: early };

  const coins = coinsOf(ledger, transaction);
  if (!coins) {
    const mined = transaction.tx.outs.some((_, vout) => chain.coins.has(outpointKey(transaction.txid, vout)));
    return { rejection: mined ? reject('txn-already-known') : missingInputs };
  }
  const height = tipOf(chain).height + 1;
  const late =
    checkRelativeLocks(chain, transaction, coins) ??
    checkValues(transaction, coins, height) ??
    checkWitnessShape(transaction, coins);
  if (late) return { rejection: late };
  const fee = feeOf(transaction, coins);

  const standing = options.fromBlock ? { evicted: [] } : checkStanding(mempool, transaction, fee);
  if (standing.rejection) return { rejection: standing.rejection };
  const script = options.checkScripts ? checkScripts(transaction, coins) : undefined;
  return script ? { rejection: script } : { fee, evicted: standing.evicted };
}

function checkNew(mempool: Mempool, transaction: TransactionRecord): Rejection | undefined {
  const known = mempool.entries.get(transaction.txid);
  if (!known) return undefined;
  const same = known.wtxid === transaction.wtxid;
  return reject(same ? 'txn-already-in-mempool' : 'txn-same-nonwitness-data-in-mempool');
}

/** The coins it spends, in order; undefined if one is spent in a block or unknown. */
function coinsOf(ledger: Ledger, { spends }: TransactionRecord): Coin[] | undefined {
  const height = tipOf(ledger.chain).height + 1;
  const coins: Coin[] = [];
  for (const key of spends) {
    const coin = ledger.chain.coins.get(key) ?? mempoolCoin(ledger.mempool, key, height);
    if (!coin) return undefined;
    coins.push(coin);
  }
  return coins;
}

function checkValues(
  { tx }: TransactionRecord,
  coins: readonly Coin[],
  height: number,
): Rejection | undefined {
  for (const coin of coins) {
    const depth = height - coin.height;
    if (coin.coinbase && depth < COINBASE_MATURITY) {
      return reject('bad-txns-premature-spend-of-coinbase', `tried to spend coinbase at depth ${depth}`);
    }
  }
  const valueIn = sum(coins);
  const valueOut = sum(tx.outs);
  if (valueIn >= valueOut) return undefined;
  const details = `value in (${formatMoney(valueIn)}) < value out (${formatMoney(valueOut)})`;
  return reject('bad-txns-in-belowout', details);
}

const sum = (values: readonly { readonly value: bigint }[]): bigint =>
  values.reduce((total, { value }) => total + value, 0n);

const feeOf = ({ tx }: TransactionRecord, coins: readonly Coin[]): bigint => sum(coins) - sum(tx.outs);

/** Limits on the witnesses of script hash outputs, before any script runs. */
function checkWitnessShape({ tx }: TransactionRecord, coins: readonly Coin[]): Rejection | undefined {
  for (const [index, { witness }] of tx.ins.entries()) {
    const coin = coins[index];
    if (!coin || scriptKind(coin.script) !== 'witness_v0_scripthash') continue;
    const stack = witness.slice(0, -1);
    if (stack.length > MAX_WITNESS_ITEMS) return reject('bad-witness-stackitem-count');
    if (stack.some((item) => item.length > MAX_WITNESS_ITEM)) return reject('bad-witness-stackitem-size');
  }
  return undefined;
}

/** The rules that weigh it against the rest of the mempool. */
function checkStanding(
  mempool: Mempool,
  transaction: TransactionRecord,
  fee: bigint,
): { rejection?: Rejection; evicted: readonly MempoolEntry[] } {
  const refuse = (rejection: Rejection) => ({ rejection, evicted: [] });
  const floor = feeAt(MIN_RELAY_FEE_RATE, transaction.vsize);
  if (fee < floor) return refuse(reject('min relay fee not met', `${fee} < ${floor}`));

  const direct = directConflicts(mempool, transaction);
  const truc = checkTruc(mempool, transaction, new Set(direct.map((entry) => entry.txid)));
  if (truc.rejection && !truc.sibling) return refuse(truc.rejection);
  if (truc.sibling) direct.push(truc.sibling);
  const chain = checkChainLimits(mempool, transaction, direct);
  if (chain) return refuse(chain);

  const ancestors = ancestorsOf(mempool, transaction);
  const own = direct.find((conflict) => ancestors.includes(conflict));
  if (own) {
    const details = `${transaction.txid} spends conflicting transaction ${own.txid}`;
    return refuse(reject('bad-txns-spends-conflicting-tx', details));
  }
  const replacement = checkReplacement(mempool, transaction, fee, direct, truc.sibling !== undefined);
  return replacement.rejection ? refuse(replacement.rejection) : { evicted: replacement.evicted };
}

function directConflicts(mempool: Mempool, { spends }: TransactionRecord): MempoolEntry[] {
  const conflicts = new Map<string, MempoolEntry>();
  for (const key of spends) {
    const spender = mempool.spenders.get(key);
    if (spender) conflicts.set(spender.txid, spender);
  }
  return [...conflicts.values()];
}

interface ChainLimits {
  readonly ancestors: number;
  readonly descendants: number;
  readonly descendantsVsize: number;
}

const LIMITS: ChainLimits = { ancestors: 25, descendants: 25, descendantsVsize: MAX_CHAIN_VSIZE };
/** One more child is let in beside a full set, so that neither of two parties can keep the other's child out. */
const CARVE_OUT: ChainLimits = { ancestors: 2, descendants: 26, descendantsVsize: MAX_CHAIN_VSIZE + 10_000 };
const CARVE_OUT_MAX_VSIZE = 10_000;

function checkChainLimits(
  mempool: Mempool,
  transaction: TransactionRecord,
  direct: readonly MempoolEntry[],
): Rejection | undefined {
  const leaving = new Set(direct.flatMap((entry) => [entry, ...descendantsOf(mempool, entry)]));
  const tooLong = chainError(mempool, transaction, leaving, LIMITS);
  if (tooLong === undefined) return undefined;
  const mayUseCarveOut = transaction.tx.version !== 3 && transaction.vsize <= CARVE_OUT_MAX_VSIZE;
  if (mayUseCarveOut && chainError(mempool, transaction, leaving, CARVE_OUT) === undefined) return undefined;
  return reject('too-long-mempool-chain', tooLong);
}

/** Goes from the parents upwards, as nodes do, so that of several limits the same one is named. */
function chainError(
  mempool: Mempool,
  transaction: TransactionRecord,
  leaving: ReadonlySet<MempoolEntry>,
  limits: ChainLimits,
): string | undefined {
  const staged = parentsOf(mempool, transaction);
  if (staged.length + 1 > limits.ancestors)
    return `too many unconfirmed parents [limit: ${limits.ancestors}]`;
  const ancestors = new Set(staged);
  let total = transaction.vsize;
  for (const ancestor of staged) {
    total += ancestor.vsize;
    const staying = descendantsOf(mempool, ancestor).filter((entry) => !leaving.has(entry));
    if (vsizeOf(staying) + ancestor.vsize + transaction.vsize > limits.descendantsVsize) {
      return `exceeds descendant size limit for tx ${ancestor.txid} [limit: ${limits.descendantsVsize}]`;
    }
    if (staying.length + 2 > limits.descendants) {
      return `too many descendants for tx ${ancestor.txid} [limit: ${limits.descendants}]`;
    }
    if (total > MAX_CHAIN_VSIZE) return `exceeds ancestor size limit [limit: ${MAX_CHAIN_VSIZE}]`;
    for (const parent of parentsOf(mempool, ancestor)) {
      if (ancestors.has(parent)) continue;
      ancestors.add(parent);
      staged.push(parent);
      if (ancestors.size + 1 > limits.ancestors) {
        return `too many unconfirmed ancestors [limit: ${limits.ancestors}]`;
      }
    }
  }
  return undefined;
}

const vsizeOf = (entries: readonly MempoolEntry[]): number =>
  entries.reduce((total, entry) => total + entry.vsize, 0);

function checkScripts(
  { tx, txid, wtxid, spends }: TransactionRecord,
  coins: readonly Coin[],
): Rejection | undefined {
  for (const [index, coin] of coins.entries()) {
    const error = checkInputScript(tx, index, coin);
    if (error === undefined) continue;
    const where = `input ${index} of ${txid} (wtxid ${wtxid}), spending ${spends[index]}`;
    return reject(`mempool-script-verify-flag-failed (${error})`, where);
  }
  return undefined;
}
