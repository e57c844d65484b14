import { type Funding, inputMessage, type Output } from './sighash.ts';

/** The versions of the protocol's transactions: 3 for what settles (BIP431 bounds who can hang on it), 2 for A's own. */
export const SETTLEMENT_VERSION = 3;
export const BUYER_VERSION = 2;

/** What A signs to pay: its change, and nothing of B's output. No change, no output (0x82). */
export function commitmentMessage(funding: Funding, changeScript: Uint8Array, change: bigint): Uint8Array {
  const output = changeOutput(changeScript, change);
  return inputMessage({ version: SETTLEMENT_VERSION, locktime: 0, funding, ...(output && { output }) });
}

/**
 * A's output of a commitment; none where nothing is left.
 * @throws RangeError where less than nothing is left: taken for none, it would let a signature commit to no output at all
 */
export function changeOutput(script: Uint8Array, value: bigint): Output | undefined {
  if (value < 0n) throw new RangeError('the price is above the capacity');
  return value > 0n ? { script, value } : undefined;
}

/** What B signs at co-signing: A may spend the funding as it likes, from `refundHeight` on. */
export function refundMessage(funding: Funding, refundHeight: number): Uint8Array {
  return inputMessage({ version: BUYER_VERSION, locktime: refundHeight, funding });
}

/** What B signs to let A take the funding back at once. */
export function cancelMessage(funding: Funding): Uint8Array {
  return inputMessage({ version: BUYER_VERSION, locktime: 0, funding });
}
