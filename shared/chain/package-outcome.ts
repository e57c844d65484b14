import * as v from 'valibot';
import { broadcastOutcome } from './broadcast-outcome.ts';
import type { BroadcastOutcome } from './chain.ts';

/** What submitpackage answers, through JSON-RPC or Esplora alike (Bitcoin Core, rpc/mempool.cpp). */
export const packageSchema = v.object({
  package_msg: v.string(),
  'tx-results': v.record(v.string(), v.object({ error: v.optional(v.string()) })),
});

/** What testmempoolaccept answers for one transaction. */
export const acceptanceSchema = v.pipe(
  v.array(v.object({ allowed: v.optional(v.boolean(), false), 'reject-reason': v.optional(v.string()) })),
  v.length(1),
);

const REJECTED = -26;
/** For members that were not looked at because of another one's failure. */
const NOT_VALIDATED = 'package-not-validated';

/** What an answer of submitpackage means. A parent that a block holds already is a failure to the node, but not to us. */
export function packageOutcome(answer: v.InferOutput<typeof packageSchema>): BroadcastOutcome {
  if (answer.package_msg === 'success') return { kind: 'accepted' };
  const members = Object.values(answer['tx-results']);
  const outcomes = members.map(({ error }): BroadcastOutcome => {
    if (error === undefined) return { kind: 'accepted' };
    return broadcastOutcome(REJECTED, error) ?? { kind: 'rejected', detail: error };
  });
  const refusals = outcomes.filter(({ kind }) => kind !== 'accepted' && kind !== 'already-known');
  const refusal =
    refusals.find((outcome) => 'detail' in outcome && outcome.detail !== NOT_VALIDATED) ?? refusals[0];
  if (refusal) return refusal;
  const [first] = outcomes;
  if (!first) return { kind: 'rejected', detail: answer.package_msg };
  return outcomes.find(({ kind }) => kind === 'accepted') ?? first;
}

/** What testmempoolaccept's verdict on one transaction means. */
export function acceptanceOutcome([verdict]: v.InferOutput<typeof acceptanceSchema>): BroadcastOutcome {
  if (verdict?.allowed) return { kind: 'accepted' };
  const reason = verdict?.['reject-reason'] ?? 'refused without a reason';
  return broadcastOutcome(REJECTED, reason) ?? { kind: 'rejected', detail: reason };
}
