// Not by the package's index, which loads all of a wallet.
import { instantiateSecp256k1 } from '@bitauth/libauth/build/lib/crypto/secp256k1.js';
import { sha256 } from '../protocol/hashes.ts';
import type { VerifyMessage } from '../protocol/verify-openssl.ts';

/**
 * Verification by libsecp256k1, the library of Bitcoin's own nodes, as WebAssembly: twice as fast as OpenSSL, but to load and compile it
 * takes some 75 milliseconds of CPU.
 */
export async function libsecp256k1(): Promise<VerifyMessage> {
  const { verifySignatureCompactLowS } = await instantiateSecp256k1();
  // It takes uncompressed keys too; the protocol's have one form.
  return (key, message, signature) =>
    key.length === 33 && verifySignatureCompactLowS(signature, key, sha256(message));
}
