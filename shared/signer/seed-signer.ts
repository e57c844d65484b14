import { getPublicKey, utils, verify } from '@noble/secp256k1';
import { signDigest } from '../protocol/signature.ts';
import type { Signer } from './signer.ts';

/**
 * B's key from a secret held in memory.
 * @param secret 32 bytes
 * @throws RangeError where the secret is no key of the curve
 */
export function seedSigner(secret: Uint8Array): Signer {
  if (!utils.isValidSecretKey(secret)) throw new RangeError('not a secret key of secp256k1');
  const publicKey = getPublicKey(secret, true);
  return {
    publicKey: () => Promise.resolve(publicKey.slice()),
    async sign(digest) {
      if (digest.length !== 32) throw new RangeError('a digest is 32 bytes');
      const signature = signDigest(secret, digest);
      // A faulty signature can give the secret away (Boneh, DeMillo, Lipton 1997), and a refund that does not verify strands A.
      if (!verify(signature, digest, publicKey, { prehash: false, lowS: true })) {
        throw new Error('the signature just made does not verify');
      }
      return signature;
    },
  };
}
