import * as v from 'valibot';
import { MAX_FEE_RATE, MAX_SATOSHIS } from '../limits.ts';
import { hashSchema, heightSchema, rawSchema } from './bitcoind-answers.ts';
import { broadcastOutcome } from './broadcast-outcome.ts';
import type { BroadcastOutcome, Confirmation } from './chain.ts';

/** What Esplora answers, as far as we read it: Blockstream's API.md, and the same routes of mempool/electrs. */

export const hashTextSchema = v.pipe(v.string(), v.trim(), hashSchema);
export const rawTextSchema = v.pipe(v.string(), v.trim(), rawSchema);

const satoshisSchema = v.pipe(
  v.number(),
  v.safeInteger(),
  v.minValue(0),
  v.maxValue(Number(MAX_SATOSHIS)),
  v.transform((sats) => BigInt(sats)),
);

/** Absent where a transaction waits in the mempool. */
export const statusSchema = v.pipe(
  v.variant('confirmed', [
    v.object({ confirmed: v.literal(true), block_height: heightSchema, block_hash: hashSchema }),
    v.object({ confirmed: v.literal(false) }),
  ]),
  v.transform((status): Confirmation | undefined =>
    status.confirmed ? { height: status.block_height, blockHash: status.block_hash } : undefined,
  ),
);

export const blockSchema = v.object({
  id: hashSchema,
  height: heightSchema,
  timestamp: v.pipe(v.number(), v.integer(), v.minValue(0)),
});

/** Weight units: no transaction is heavier than a block. */
const weightSchema = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(4_000_000));

export const transactionSchema = v.object({
  txid: hashSchema,
  weight: weightSchema,
  fee: satoshisSchema,
  status: statusSchema,
});

export const spendingSchema = v.variant('spent', [
  v.object({ spent: v.literal(true), txid: hashSchema, status: statusSchema }),
  v.object({ spent: v.literal(false) }),
]);

export const spendingsSchema = v.array(spendingSchema);

export const coinsSchema = v.array(
  v.object({
    txid: hashSchema,
    vout: v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(0xffffffff)),
    value: satoshisSchema,
    status: statusSchema,
  }),
);

/** sat/vB by confirmation target, to satoshis per 1,000 vB. */
export const estimatesSchema = v.pipe(
  v.record(v.pipe(v.string(), v.regex(/^[1-9][0-9]{0,3}$/)), v.pipe(v.number(), v.finite(), v.minValue(0))),
  v.transform((estimates) =>
    Object.entries(estimates)
      .map(([target, rate]) => ({ blocks: Number(target), rate: perThousand(rate) }))
      .sort((one, other) => one.blocks - other.blocks),
  ),
);

/** Rounded up; what is beyond every fee we would pay is cut there. A decimal fraction is no binary one: 2.007 × 1000 is a trifle over 2007. */
function perThousand(satPerVbyte: number): bigint {
  if (satPerVbyte * 1000 >= Number(MAX_FEE_RATE)) return MAX_FEE_RATE;
  return BigInt(Math.ceil(Number((satPerVbyte * 1000).toFixed(6))));
}

export const mempoolSchema = v.object({ vsize: v.pipe(v.number(), v.integer(), v.minValue(0)) });

const rpcErrorSchema = v.object({ code: v.pipe(v.number(), v.integer()), message: v.string() });

/**
 * What the text of a refused broadcast means: `sendrawtransaction RPC error: {"code":-26,"message":"…"}` of most servers,
 * `sendrawtransaction RPC error -26: …` of Blockstream's newer ones.
 * @returns undefined if it is not about the transaction: then nothing is known about it
 */
export function refusalOutcome(text: string): BroadcastOutcome | undefined {
  const [, code, rest = ''] = /^[a-z]+ RPC error(?: (-[0-9]{1,5}))?: ([\s\S]*)$/.exec(text.trim()) ?? [];
  if (code !== undefined) return broadcastOutcome(Number(code), rest);
  const error = v.safeParse(v.pipe(v.string(), v.parseJson(), rpcErrorSchema), rest);
  if (error.success) return broadcastOutcome(error.output.code, error.output.message);
  // Its own check of the hex, before the node sees it.
  return text.startsWith('Invalid transaction ') ? { kind: 'rejected', detail: text } : undefined;
}
