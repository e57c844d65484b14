import { concatBytes, hexToBytes } from '@noble/hashes/utils.js';
import { sha256 } from './hashes.ts';

/** An output of a transaction with what it pays, satoshis. */
export interface Output {
  readonly script: Uint8Array;
  readonly value: bigint;
}

/** What funds a channel: where it is on the chain and what it takes to spend it. */
export interface Funding {
  /** As nodes print it. */
  readonly txid: string;
  readonly vout: number;
  readonly capacity: bigint;
  /** The 2-of-2 witness script. */
  readonly witnessScript: Uint8Array;
}

/** Hash types of signatures that commit to their own input alone (BIP143): the rest is chosen at broadcast. */
export const NONE_ANYONECANPAY = 0x82;
export const SINGLE_ANYONECANPAY = 0x83;
export const ALL = 0x01;

/** Final enough to be replaced by fee and to let the locktime count (BIP125, BIP65): never 0xffffffff. */
export const SEQUENCE = 0xfffffffd;

interface InputSignature {
  readonly version: number;
  readonly locktime: number;
  readonly funding: Funding;
  /** The one output a 0x83 signature commits to; a 0x82 signature has none. */
  readonly output?: Output;
}

/**
 * What an ANYONECANPAY signature of a channel's input is made over: SHA-256 of the BIP143 preimage, which hashed once more
 * is the digest. By hand rather than by bitcoinjs because verifiers that hash for themselves want this middle value.
 */
export function inputMessage({ version, locktime, funding, output }: InputSignature): Uint8Array {
  const zero = new Uint8Array(32);
  const hashType = output ? SINGLE_ANYONECANPAY : NONE_ANYONECANPAY;
  const preimage = concatBytes(
    uint32(version),
    zero,
    zero,
    hexToBytes(funding.txid).reverse(),
    uint32(funding.vout),
    Uint8Array.of(funding.witnessScript.length),
    funding.witnessScript,
    uint64(funding.capacity),
    uint32(SEQUENCE),
    output ? sha256(sha256(outputBytes(output))) : zero,
    uint32(locktime),
    uint32(hashType),
  );
  return sha256(preimage);
}

function outputBytes({ script, value }: Output): Uint8Array {
  return concatBytes(uint64(value), Uint8Array.of(script.length), script);
}

function uint32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return bytes;
}

function uint64(value: bigint): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, value, true);
  return bytes;
}
