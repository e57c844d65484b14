import { concatBytes, hexToBytes } from '@noble/hashes/utils.js';

/**
 * Says whether a strict signature (64 bytes, r and s in range, s low) over SHA-256 of a message is by a compressed key. A key that is
 * none has signed nothing.
 */
export type VerifyMessage = (key: Uint8Array, message: Uint8Array, signature: Uint8Array) => boolean;

/** Keys that are kept ready: to take one apart costs a third of a verification, and a channel's pays many times. */
const KEPT_KEYS = 1_000;

/** DER SubjectPublicKeyInfo of a compressed secp256k1 point, up to the point itself (RFC 5480, SEC 1). */
const SPKI_PREFIX = hexToBytes('3036301006072a8648ce3d020106052b8104000a032200');

/**
 * ECDSA verification by node:crypto over SHA-256 of the message, or undefined where there is no node:crypto with this curve. It is asked
 * for by name at run time, not imported, so that this floor loads in a browser as it is. It accepts high S: the caller
 * has checked the ranges already.
 */
export const verifyWithOpenssl: VerifyMessage | undefined = opensslVerifier();

function opensslVerifier(): VerifyMessage | undefined {
  const crypto = globalThis.process?.getBuiltinModule?.('node:crypto');
  // Some builds of OpenSSL and BoringSSL leave this curve out: there every signature would look bad.
  if (!crypto?.getCurves().includes('secp256k1')) return undefined;
  const kept = new Map<string, ReturnType<typeof crypto.createPublicKey>>();
  const publicKeyOf = (key: Uint8Array) => {
    const name = Buffer.from(key).toString('latin1');
    const known = kept.get(name);
    if (known) return known;
    const spki = Buffer.from(concatBytes(SPKI_PREFIX, key));
    const publicKey = crypto.createPublicKey({ key: spki, format: 'der', type: 'spki' });
    if (kept.size >= KEPT_KEYS) kept.clear();
    kept.set(name, publicKey);
    return publicKey;
  };
  return (key, message, signature) => {
    // The prefix is of a compressed key: one of another form or length must not slip through as DER.
    if (key.length !== 33) return false;
    try {
      const publicKey = publicKeyOf(key);
      return crypto.verify('sha256', message, { key: publicKey, dsaEncoding: 'ieee-p1363' }, signature);
    } catch {
      return false;
    }
  };
}
