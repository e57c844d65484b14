import { type ChainState, type Coin, medianTimePast, tipOf } from './chain-state.ts';
import { type Rejection, reject } from './rejection.ts';
import type { TransactionRecord } from './transaction-record.ts';

const LOCKTIME_THRESHOLD = 500_000_000;
const FINAL_SEQUENCE = 0xffffffff;
const RELATIVE_DISABLED = 0x80000000;
const RELATIVE_IS_TIME = 0x00400000;
const RELATIVE_MASK = 0xffff;

/** Would the transaction be final in the next block (nLockTime, BIP113)? */
export function checkFinal(chain: ChainState, { tx }: TransactionRecord): Rejection | undefined {
  if (tx.locktime === 0) return undefined;
  const height = tipOf(chain).height;
  const limit = tx.locktime < LOCKTIME_THRESHOLD ? height + 1 : medianTimePast(chain, height);
  if (tx.locktime < limit) return undefined;
  if (tx.ins.every((input) => input.sequence === FINAL_SEQUENCE)) return undefined;
  return reject('non-final');
}

/** Relative lock times (BIP68). @param coins the coins spent, in the order of the inputs */
export function checkRelativeLocks(
  chain: ChainState,
  { tx }: TransactionRecord,
  coins: readonly Coin[],
): Rejection | undefined {
  if (tx.version < 2) return undefined;
  const height = tipOf(chain).height;
  const locked = tx.ins.some((input, index) => {
    const coin = coins[index];
    if (!coin || (input.sequence & RELATIVE_DISABLED) !== 0) return false;
    const distance = input.sequence & RELATIVE_MASK;
    if ((input.sequence & RELATIVE_IS_TIME) === 0) return coin.height + distance - 1 >= height + 1;
    const start = medianTimePast(chain, Math.max(coin.height - 1, 0));
    return start + distance * 512 - 1 >= medianTimePast(chain, height);
  });
  return locked ? reject('non-BIP68-final') : undefined;
}
