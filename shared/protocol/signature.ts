import { hmac } from '@noble/hashes/hmac.js';
import { hashes, sign, verify } from '@noble/secp256k1';
import { script as bitcoinScript } from 'bitcoinjs-lib';
import { sha256 } from './hashes.ts';
import { CURVE_ORDER } from './keys.ts';
import { bytesToNumberBE } from './numbers.ts';
import { type VerifyMessage, verifyWithOpenssl } from './verify-openssl.ts';

// noble signs and verifies synchronously only with these two set.
hashes.sha256 = sha256;
hashes.hmacSha256 = (key, message) => hmac(sha256, key, message);

const HALF_ORDER = CURVE_ORDER >> 1n;

let verifier: VerifyMessage = verifyWithOpenssl ?? verifyPortably;

/** Has `verifyMessage` use another verifier from now on, in all of this process. */
export function verifyWith(other: VerifyMessage): void {
  verifier = other;
}

/**
 * Signs SHA-256 of a message: ECDSA, deterministic (RFC 6979), low-S.
 * @returns 64 bytes, r ‖ s
 */
export function signMessage(secret: Uint8Array, message: Uint8Array): Uint8Array {
  return signDigest(secret, sha256(message));
}

/** Signs a 32-byte digest as `signMessage` does. */
export function signDigest(secret: Uint8Array, digest: Uint8Array): Uint8Array {
  return sign(digest, secret, { prehash: false, lowS: true });
}

/**
 * Verifies a 64-byte signature over SHA-256 of a message, strictly: 0 < r, s < n and s low, as Bitcoin's relay policy
 * demands (BIP146), so that what we accept can be broadcast. Uses OpenSSL where there is one, six to nine times faster, or what
 * `verifyWith` was given.
 */
export function verifyMessage(key: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  if (!isStrictSignature(signature)) return false;
  return verifier(key, message, signature);
}

/** The same by noble alone, as browsers do; exported so that tests hold the two against each other. */
export function verifyPortably(key: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  return verifyDigest(key, sha256(message), signature);
}

/** Verifies a signature over a 32-byte digest, strictly, by noble: for the rare case where the message is not at hand. */
export function verifyDigest(key: Uint8Array, digest: Uint8Array, signature: Uint8Array): boolean {
  // noble takes uncompressed keys too, and of a longer digest its first 32 bytes; the protocol's have one form.
  if (key.length !== 33 || digest.length !== 32 || !isStrictSignature(signature)) return false;
  return verify(signature, digest, key, { prehash: false });
}

/** 64 bytes with 0 < r < n and 0 < s ≤ n/2. */
export function isStrictSignature(signature: Uint8Array): boolean {
  if (signature.length !== 64) return false;
  const r = bytesToNumberBE(signature.subarray(0, 32));
  const s = bytesToNumberBE(signature.subarray(32));
  return r > 0n && r < CURVE_ORDER && s > 0n && s <= HALF_ORDER;
}

/** A signature as scripts hold it: strict DER (BIP66) and the hash type's byte. */
export function scriptSignature(signature: Uint8Array, hashType: number): Uint8Array {
  if (!isStrictSignature(signature)) throw new RangeError('not a strict 64-byte signature');
  return bitcoinScript.signature.encode(signature, hashType);
}
