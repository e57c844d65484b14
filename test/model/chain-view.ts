import type { Transaction } from 'bitcoinjs-lib';
import type { BlockRecord } from '../../local/chain/chain-state.ts';
import type { Ledger } from '../../local/chain/ledger.ts';
import { outpointKey } from '../../local/chain/transaction-record.ts';
import type { Outpoint } from '../../shared/chain/chain.ts';

/** The block of the best chain that holds a transaction. */
export function blockOf({ chain }: Ledger, txid: string): BlockRecord | undefined {
  return chain.confirmed.get(txid);
}

/** What spends an output, in the best chain or the mempool, read from the ledger itself. */
export function spendOf(
  { chain, mempool }: Ledger,
  { txid, vout }: Outpoint,
): { readonly transaction: Transaction; readonly block?: BlockRecord } | undefined {
  const key = outpointKey(txid, vout);
  const waiting = mempool.spenders.get(key);
  if (waiting) return { transaction: waiting.tx };
  for (const block of chain.active) {
    const found = block.transactions.find(({ spends }) => spends.includes(key));
    if (found) return { transaction: found.tx, block };
  }
  return undefined;
}
