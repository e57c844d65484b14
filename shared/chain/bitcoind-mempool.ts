import * as v from 'valibot';
import { NODE_TIMEOUT_MS } from '../limits.ts';
import { amountSchema, hashSchema, mempoolInfoSchema } from './bitcoind-answers.ts';
import { type NodeCall, NodeRefusal } from './bitcoind-rpc.ts';
import { broadcastOutcome } from './broadcast-outcome.ts';
import type { BroadcastOutcome, MempoolEntry, ReplacementRate } from './chain.ts';
import { acceptanceOutcome, acceptanceSchema, packageOutcome, packageSchema } from './package-outcome.ts';

const INVALID_ADDRESS_OR_KEY = -5;

const countSchema = v.pipe(v.number(), v.integer(), v.minValue(1));
const entrySchema = v.object({
  vsize: countSchema,
  descendantcount: countSchema,
  descendantsize: countSchema,
  fees: v.object({ base: amountSchema, descendant: amountSchema }),
});
const replacementSchema = v.object({ ...mempoolInfoSchema.entries, incrementalrelayfee: amountSchema });

export const broadcast = (call: NodeCall, raw: string): Promise<BroadcastOutcome> =>
  refusalAsOutcome(async () => {
    await call(hashSchema, NODE_TIMEOUT_MS, 'sendrawtransaction', raw);
    return { kind: 'accepted' };
  });

export const testAcceptance = (call: NodeCall, raw: string): Promise<BroadcastOutcome> =>
  refusalAsOutcome(async () =>
    acceptanceOutcome(await call(acceptanceSchema, NODE_TIMEOUT_MS, 'testmempoolaccept', [raw])),
  );

export const broadcastPackage = (call: NodeCall, raws: readonly string[]): Promise<BroadcastOutcome> =>
  refusalAsOutcome(async () =>
    packageOutcome(await call(packageSchema, NODE_TIMEOUT_MS, 'submitpackage', raws)),
  );

export async function mempoolEntry(call: NodeCall, txid: string): Promise<MempoolEntry | undefined> {
  try {
    const entry = await call(entrySchema, NODE_TIMEOUT_MS, 'getmempoolentry', txid);
    return {
      fee: entry.fees.base,
      virtualSize: entry.vsize,
      descendantFees: entry.fees.descendant,
      descendantVirtualSize: entry.descendantsize,
      descendantCount: entry.descendantcount,
    };
  } catch (error) {
    if (error instanceof NodeRefusal && error.code === INVALID_ADDRESS_OR_KEY) return undefined;
    throw error;
  }
}

export async function replacementRate(call: NodeCall): Promise<ReplacementRate> {
  const info = await call(replacementSchema, NODE_TIMEOUT_MS, 'getmempoolinfo');
  const { incrementalrelayfee: incremental, mempoolminfee, minrelaytxfee } = info;
  return { incremental, floor: mempoolminfee > minrelaytxfee ? mempoolminfee : minrelaytxfee };
}

async function refusalAsOutcome(ask: () => Promise<BroadcastOutcome>): Promise<BroadcastOutcome> {
  try {
    return await ask();
  } catch (error) {
    const outcome = error instanceof NodeRefusal ? broadcastOutcome(error.code, error.message) : undefined;
    if (!outcome) throw error;
    return outcome;
  }
}
