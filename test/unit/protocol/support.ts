import { bytesToHex, hexToBytes, utf8ToBytes } from '@noble/hashes/utils.js';
import { getPublicKey, Point } from '@noble/secp256k1';
import fc from 'fast-check';
import { Problem } from '../../../shared/errors.ts';
import { sha256 } from '../../../shared/protocol/hashes.ts';
import { fundingScript } from '../../../shared/protocol/script.ts';
import type { Funding } from '../../../shared/protocol/sighash.ts';

/** A failing property prints its counterexample; the fixed seed makes every run the same. */
export const SEEDED = { seed: 20261123 };

/** A secret key anyone can compute again: SHA-256 of a name. */
export function secretOf(name: string): Uint8Array {
  return sha256(utf8ToBytes(name));
}

export function publicKeyOf(secret: Uint8Array): Uint8Array {
  return getPublicKey(secret, true);
}

export const BUYER_SECRET = secretOf('buyer');
export const SELLER_SECRET = secretOf('seller');
export const BUYER_KEY = publicKeyOf(BUYER_SECRET);
export const SELLER_KEY = publicKeyOf(SELLER_SECRET);
export const ORDER = Point.CURVE().n;

export const CHANGE_SCRIPTS = {
  P2WPKH: hexToBytes(`0014${'11'.repeat(20)}`),
  P2WSH: hexToBytes(`0020${'22'.repeat(32)}`),
  P2TR: hexToBytes(`5120${bytesToHex(publicKeyOf(secretOf('taproot')).subarray(1))}`),
} as const;

/** A funding like no other of the same test: `index` tells them apart. */
export function fundingOf(index: number, capacity = 100_000n): Funding {
  return {
    txid: bytesToHex(sha256(utf8ToBytes(`funding ${index}`))),
    vout: index,
    capacity,
    witnessScript: fundingScript(BUYER_KEY, SELLER_KEY),
  };
}

/** The wire form of terms that parse, for tests to spoil. */
export const WIRE = {
  protocol: 'spillway/1',
  network: 'regtest',
  buyerKey: bytesToHex(BUYER_KEY),
  sellerKey: bytesToHex(SELLER_KEY),
  manifest: 'ab'.repeat(32),
  chunks: [0, 12],
  pricePerChunk: '5000',
  credit: 1,
  capacity: '60000',
  refundHeight: 1108,
  changeScript: bytesToHex(CHANGE_SCRIPTS.P2WPKH),
  nonce: '00112233445566778899aabbccddeeff',
} as const;

/** `name: detail` of the Problem that a call throws; fails where it throws none. */
export function refusal(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    if (error instanceof Problem) return `${error.problem}: ${error.message}`;
    throw error;
  }
  throw new Error('nothing was refused');
}

export const bytesOf = (length: number) =>
  fc.uint8Array({ minLength: length, maxLength: length }).map((bytes) => Uint8Array.from(bytes));

export const hexText = (length: number) => bytesOf(length).map(bytesToHex);

/** A valid secret key: 1 ≤ secret < n. */
export const secretKey = () =>
  fc.bigInt(1n, ORDER - 1n).map((value) => hexToBytes(value.toString(16).padStart(64, '0')));
