import * as v from 'valibot';
import { LOCKTIME_THRESHOLD, MAX_SATOSHIS } from '../limits.ts';

/** What bitcoind answers, as far as we read it. */

export const hashSchema = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/));
export const heightSchema = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(LOCKTIME_THRESHOLD));
export const rawSchema = v.pipe(v.string(), v.regex(/^(?:[0-9a-f]{2})+$/));
const voutSchema = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(0xffffffff));
const scriptSchema = v.pipe(
  v.string(),
  v.regex(/^(?:[0-9a-f]{2})*$/),
  v.transform((hex) => Uint8Array.from(hex.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16))),
);

/**
 * Coins with eight decimals to satoshis, exactly: a double holds every such amount up to 21 million coins closely
 * enough that the eighth decimal is the right one, and an amount with more decimals is refused.
 */
export const amountSchema = v.pipe(
  v.number(),
  v.finite(),
  v.minValue(0),
  v.check((coins) => Number(coins.toFixed(8)) === coins, 'more than eight decimals'),
  v.transform((coins) => BigInt(coins.toFixed(8).replace('.', ''))),
  v.check((sats) => sats <= MAX_SATOSHIS, 'more than there is'),
);

export const chainInfoSchema = v.object({
  blocks: heightSchema,
  bestblockhash: hashSchema,
  time: v.pipe(v.number(), v.integer(), v.minValue(0)),
});

export const outputSchema = v.nullable(
  v.object({
    bestblock: hashSchema,
    confirmations: v.pipe(v.number(), v.integer(), v.minValue(0)),
    value: amountSchema,
    scriptPubKey: v.object({ hex: scriptSchema }),
    coinbase: v.boolean(),
  }),
);

export const headerSchema = v.object({ height: heightSchema });

export const spendersSchema = v.pipe(
  v.array(v.object({ spendingtxid: v.optional(hashSchema) })),
  v.length(1),
);

export const relevantBlocksSchema = v.object({
  relevant_blocks: v.array(hashSchema),
  completed: v.optional(v.boolean(), true),
});

export const coinsSchema = v.object({
  success: v.literal(true),
  height: heightSchema,
  unspents: v.array(
    v.object({
      txid: hashSchema,
      vout: voutSchema,
      scriptPubKey: scriptSchema,
      amount: amountSchema,
      height: heightSchema,
      coinbase: v.boolean(),
    }),
  ),
});

export const estimateSchema = v.object({ feerate: v.optional(amountSchema) });

export const mempoolInfoSchema = v.object({ mempoolminfee: amountSchema, minrelaytxfee: amountSchema });
