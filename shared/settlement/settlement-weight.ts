import type { SettlementMember } from '../protocol/transactions.ts';

/**
 * Weight of a settlement's parts (BIP141), so that batches are filled by addition: exactly what `settlementVirtualSize`
 * counts, as long as a transaction has fewer than 253 inputs and outputs, and 9,900 vB hold at most 102.
 */

const WITNESS_SCALE = 4;
/** Outpoint, empty script, sequence; then the witness: its count, an empty element, two signatures of 73 bytes, a script of 71. */
const INPUT_WEIGHT = (36 + 1 + 4) * WITNESS_SCALE + 1 + 1 + 2 * (1 + 73) + (1 + 71);
/** Version, locktime, two counts; then the segwit marker and flag. */
const OVERHEAD_WEIGHT = (4 + 4 + 1 + 1) * WITNESS_SCALE + 2;

/** What a channel adds to a settlement, weight units. */
export function memberWeight({
  change,
  changeScript,
}: Pick<SettlementMember, 'change' | 'changeScript'>): number {
  return INPUT_WEIGHT + (change > 0n ? outputWeight(changeScript) : 0);
}

/** What a settlement weighs without any channel, weight units. */
export function emptyWeight(payoutScript: Uint8Array): number {
  return OVERHEAD_WEIGHT + outputWeight(payoutScript);
}

/** vB, rounded up. */
export function virtualSizeOf(weight: number): number {
  return Math.ceil(weight / WITNESS_SCALE);
}

function outputWeight(script: Uint8Array): number {
  return (8 + 1 + script.length) * WITNESS_SCALE;
}
