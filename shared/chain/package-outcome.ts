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
const NOT_VALIDATED = 'package-not-validated';

/**
 * What an answer of submitpackage means.
 * @returns undefined if a parent is known so well (mined) that the node looked no further: then the child can go alone
 */
export function packageOutcome(answer: v.InferOutput<typeof packageSchema>): BroadcastOutcome | undefined {
  if (answer.package_msg === 'success') return { kind: 'accepted' };
  const errors = Object.values(answer['tx-results']).flatMap(({ error }) => (error ? [error] : []));
  const outcomes = errors
    .filter((error) => error !== NOT_VALIDATED)
    .map((error) => broadcastOutcome(REJECTED, error) ?? { kind: 'rejected' as const, detail: error });
  const refusal = outcomes.find(({ kind }) => kind !== 'already-known');
  if (refusal) return refusal;
  if (errors.includes(NOT_VALIDATED)) return undefined;
  if (outcomes.length > 0) return { kind: 'already-known' };
  return { kind: 'rejected', detail: answer.package_msg };
}

/** What testmempoolaccept's verdict on one transaction means. */
export function acceptanceOutcome([verdict]: v.InferOutput<typeof acceptanceSchema>): BroadcastOutcome {
  if (verdict?.allowed) return { kind: 'accepted' };
  const reason = verdict?.['reject-reason'] ?? 'refused without a reason';
  return broadcastOutcome(REJECTED, reason) ?? { kind: 'rejected', detail: reason };
}
