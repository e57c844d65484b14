import * as v from 'valibot';
import { amountSchema } from '../../shared/chain/bitcoind-answers.ts';
import { nodeCaller } from '../../shared/chain/bitcoind-rpc.ts';
import { hexOf } from '../../shared/protocol/terms.ts';

/** What the chain itself says of the sale, read block by block, with nothing taken from the shop or the buyer. Satoshis. */
export interface Ledger {
  /** Every transaction of the blocks that is no coinbase, in order. */
  readonly transactions: readonly ChainTransaction[];
}

export interface ChainTransaction {
  readonly txid: string;
  readonly inputs: readonly { readonly txid: string; readonly vout: number }[];
  readonly outputs: readonly { readonly script: string; readonly value: bigint }[];
}

const blockSchema = v.object({
  tx: v.array(
    v.object({
      txid: hexOf(32),
      vin: v.array(
        v.object({
          coinbase: v.optional(v.string()),
          txid: v.optional(hexOf(32)),
          vout: v.optional(v.number()),
        }),
      ),
      vout: v.array(v.object({ value: amountSchema, scriptPubKey: v.object({ hex: v.string() }) })),
    }),
  ),
});

/** Blocks are small here; a minute is far more than any takes. */
const CALL_TIMEOUT_MS = 60_000;

/**
 * @param url of the node's RPC, credentials included
 * @param from height of the first block that is read
 */
export async function readLedger(url: string, from = 1): Promise<Ledger> {
  const call = nodeCaller({ url, fetch: globalThis.fetch, retries: 2 });
  const height = await call(v.number(), CALL_TIMEOUT_MS, 'getblockcount');
  const transactions: ChainTransaction[] = [];
  for (let at = from; at <= height; at++) {
    const hash = await call(hexOf(32), CALL_TIMEOUT_MS, 'getblockhash', at);
    const block = await call(blockSchema, CALL_TIMEOUT_MS, 'getblock', hash, 2);
    for (const { txid, vin, vout } of block.tx) {
      if (vin.some(({ coinbase }) => coinbase !== undefined)) continue;
      transactions.push({
        txid,
        inputs: vin.map((input) => ({ txid: input.txid ?? '', vout: input.vout ?? 0 })),
        outputs: vout.map(({ value, scriptPubKey }) => ({ script: scriptPubKey.hex, value })),
      });
    }
  }
  return { transactions };
}

export function transactionOf({ transactions }: Ledger, txid: string): ChainTransaction {
  const found = transactions.find((transaction) => transaction.txid === txid);
  if (!found) throw new Error(`${txid} is not on the chain`);
  return found;
}

/** The transaction that spends an output. */
export function spenderOf({ transactions }: Ledger, txid: string, vout: number): ChainTransaction {
  const spends = (transaction: ChainTransaction) =>
    transaction.inputs.some((input) => input.txid === txid && input.vout === vout);
  const found = transactions.filter(spends);
  const [only] = found;
  if (!only || found.length > 1) throw new Error(`output ${txid}:${vout} is spent ${found.length} times`);
  return only;
}

export function totalOut(transaction: ChainTransaction): bigint {
  return transaction.outputs.reduce((sum, { value }) => sum + value, 0n);
}

/** What a transaction's inputs brought. */
export function totalIn(ledger: Ledger, transaction: ChainTransaction): bigint {
  return transaction.inputs.reduce((sum, { txid, vout }) => {
    const output = transactionOf(ledger, txid).outputs[vout];
    if (!output) throw new Error(`${txid} has no output ${vout}`);
    return sum + output.value;
  }, 0n);
}
