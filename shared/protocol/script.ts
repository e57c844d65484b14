import { concatBytes } from '@noble/hashes/utils.js';
import { sha256 } from './hashes.ts';

const OP_0 = 0x00;
const OP_1 = 0x51;
const OP_2 = 0x52;
const OP_CHECKMULTISIG = 0xae;

/** `2 <A'> <B> 2 CHECKMULTISIG`, keys in this order, not sorted: 71 bytes. */
export function fundingScript(channelKey: Uint8Array, sellerKey: Uint8Array): Uint8Array {
  return concatBytes(
    Uint8Array.of(OP_2, 33),
    channelKey,
    Uint8Array.of(33),
    sellerKey,
    Uint8Array.of(OP_2, OP_CHECKMULTISIG),
  );
}

/** The P2WSH output script that pays to a witness script (BIP141): 34 bytes. */
export function payToWitnessScript(witnessScript: Uint8Array): Uint8Array {
  return concatBytes(Uint8Array.of(OP_0, 32), sha256(witnessScript));
}

export type OutputKind = 'P2WPKH' | 'P2WSH' | 'P2TR';

/** Which of the three kinds an output script is; undefined for any other. */
export function outputKind(script: Uint8Array): OutputKind | undefined {
  const [version, push] = script;
  if (version === OP_0 && push === 20 && script.length === 22) return 'P2WPKH';
  if (version === OP_0 && push === 32 && script.length === 34) return 'P2WSH';
  if (version === OP_1 && push === 32 && script.length === 34) return 'P2TR';
  return undefined;
}

/** The least satoshis nodes relay in an output of a kind: what it costs to spend at 3 sat/vB (Bitcoin Core, policy.cpp). */
export const DUST_LIMIT: Readonly<Record<OutputKind, bigint>> = { P2WPKH: 294n, P2WSH: 330n, P2TR: 330n };
