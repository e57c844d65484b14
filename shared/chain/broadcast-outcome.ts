import type { BroadcastOutcome } from './chain.ts';

type OutcomeKind = BroadcastOutcome['kind'];

/**
 * The beginnings of what Bitcoin Core 24 to 30 and Knots 29 say to sendrawtransaction and testmempoolaccept, and what each
 * means to us. In Core's sources: validation.cpp, policy/, rpc/mempool.cpp, node/transaction.cpp.
 */
const MEANINGS: readonly (readonly [beginning: string, kind: OutcomeKind])[] = [
  ['Transaction outputs already in utxo set', 'already-known'],
  ['Transaction already in block chain', 'already-known'],
  ['txn-already-in-mempool', 'already-known'],
  ['txn-already-known', 'already-known'],
  // Same txid, another witness: what is spent and paid is the same.
  ['txn-same-nonwitness-data-in-mempool', 'already-known'],
  ['bad-txns-inputs-missingorspent', 'missing-inputs'],
  ['missing-inputs', 'missing-inputs'],
  ['Missing inputs', 'missing-inputs'],
  ['non-final', 'non-final'],
  ['non-BIP68-final', 'non-final'],
  ['min relay fee not met', 'fee-too-low'],
  ['mempool min fee not met', 'fee-too-low'],
  ['mempool full', 'mempool-full'],
  ['insufficient fee', 'replacement-too-low'],
  ['txn-mempool-conflict', 'replacement-too-low'],
  ['truc-', 'truc-violation'],
  ['TRUC-violation', 'truc-violation'],
  ['v3-rule-violation', 'truc-violation'],
];

/** Codes under which a node speaks about the transaction: decoding, verification, rejection, already there. */
const ABOUT_THE_TRANSACTION = new Set([-22, -25, -26, -27]);

/**
 * What a node's refusal of a broadcast means.
 * @param code the JSON-RPC error's code
 * @returns undefined if the error is not about the transaction: then nothing is known about it
 */
export function broadcastOutcome(code: number, message: string): BroadcastOutcome | undefined {
  if (!ABOUT_THE_TRANSACTION.has(code)) return undefined;
  const kind = MEANINGS.find(([beginning]) => message.startsWith(beginning))?.[1] ?? 'rejected';
  if (kind === 'already-known' || kind === 'accepted') return { kind };
  return { kind, detail: message };
}
