import { concatBytes, hexToBytes } from '@noble/hashes/utils.js';

type Verify = (key: Uint8Array, message: Uint8Array, signature: Uint8Array) => boolean;

/** DER SubjectPublicKeyInfo of a compressed secp256k1 point, up to the point itself (RFC 5480, SEC 1). */
const SPKI_PREFIX = hexToBytes('3036301006072a8648ce3d020106052b8104000a032200');

/**
 * ECDSA verification by node:crypto over SHA-256 of the message, or undefined where there is no node:crypto with this curve. It is asked
 * for by name at run time, not imported, so that this floor loads in a browser as it is. It accepts high S: the caller
 * has checked the ranges already.
 */
export const verifyWithOpenssl: Verify | undefined = opensslVerifier();

function opensslVerifier(): Verify | undefined {
  const crypto = globalThis.process?.getBuiltinModule?.('node:crypto');
  // Some builds of OpenSSL and BoringSSL leave this curve out: there every signature would look bad.
  if (!crypto?.getCurves().includes('secp256k1')) return undefined;
  return (key, message, signature) => {
    // The prefix is of a compressed key: one of another form or length must not slip through as DER.
    if (key.length !== 33) return false;
    try {
      const spki = Buffer.from(concatBytes(SPKI_PREFIX, key));
      const publicKey = crypto.createPublicKey({ key: spki, format: 'der', type: 'spki' });
      return crypto.verify('sha256', message, { key: publicKey, dsaEncoding: 'ieee-p1363' }, signature);
    } catch {
      return false;
    }
  };
}
