import { hmac } from '@noble/hashes/hmac.js';
import { sha256 } from '@noble/hashes/sha2.js';
import * as secp from '@noble/secp256k1';
import { address, crypto, networks } from 'bitcoinjs-lib';
import * as bip66 from 'bitcoinjs-lib/src/bip66';

secp.hashes.sha256 = sha256;
secp.hashes.hmacSha256 = (key, message) => hmac(sha256, key, message);

/** Fixed keys and scripts for tests of the chain. */
export interface TestKey {
  readonly secret: Uint8Array;
  readonly publicKey: Uint8Array;
}

export function testKey(name: string): TestKey {
  const secret = sha256(new TextEncoder().encode(`spillway test key ${name}`));
  return { secret, publicKey: secp.getPublicKey(secret, true) };
}

export const buyer = testKey('buyer');
export const seller = testKey('seller');
export const stranger = testKey('stranger');

export const bytes = (...parts: (number | Uint8Array)[]): Uint8Array =>
  Uint8Array.from(parts.flatMap((part) => (typeof part === 'number' ? [part] : [...part])));

export const p2wpkh = ({ publicKey }: TestKey): Uint8Array => bytes(0, 20, crypto.hash160(publicKey));
export const p2wsh = (script: Uint8Array): Uint8Array => bytes(0, 32, sha256(script));
export const p2pkh = ({ publicKey }: TestKey): Uint8Array =>
  bytes(0x76, 0xa9, 20, crypto.hash160(publicKey), 0x88, 0xac);
export const p2sh = (script: Uint8Array): Uint8Array => bytes(0xa9, 20, crypto.hash160(script), 0x87);
/** Any 32 bytes that are an x coordinate do for an output nobody spends here. */
export const p2tr = ({ publicKey }: TestKey): Uint8Array => bytes(0x51, 32, publicKey.subarray(1));
export const multisig = (first: TestKey, second: TestKey): Uint8Array =>
  bytes(0x52, 33, first.publicKey, 33, second.publicKey, 0x52, 0xae);

export const channelScript = multisig(buyer, seller);
export const addressOf = (script: Uint8Array): string => address.fromOutputScript(script, networks.regtest);

export interface DerOptions {
  /** The other, non-standard half of the two equally valid signatures. */
  readonly highS?: boolean;
}

/** DER without the hash type; always 70 bytes unless asked otherwise, so that sizes in answers are the same each time. */
export function signDer(digest: Uint8Array, key: TestKey, { highS = false }: DerOptions = {}): Uint8Array {
  for (let attempt = 0; ; attempt += 1) {
    const extraEntropy = new Uint8Array(32).fill(attempt);
    const compact = secp.sign(digest, key.secret, { prehash: false, extraEntropy });
    const r = compact.subarray(0, 32);
    const s = highS ? negated(compact.subarray(32)) : compact.subarray(32);
    const der = bip66.encode(derInteger(r), derInteger(s));
    if (highS || der.length === 70) return der;
  }
}

const ORDER = secp.Point.CURVE().n;

function negated(s: Uint8Array): Uint8Array {
  const value = ORDER - BigInt(`0x${Buffer.from(s).toString('hex')}`);
  return Uint8Array.from(Buffer.from(value.toString(16).padStart(64, '0'), 'hex'));
}

export function derInteger(digits: Uint8Array): Uint8Array {
  let start = 0;
  while (start < digits.length - 1 && digits[start] === 0) start += 1;
  const trimmed = digits.subarray(start);
  return ((trimmed[0] ?? 0) & 0x80) !== 0 ? bytes(0, trimmed) : trimmed;
}
