import { isPublicKey } from '../protocol/keys.ts';
import type { Signer } from './signer.ts';

/** A signer that is made at its first use, by what may ask the network; a failure is not kept. */
export function deferredSigner(make: () => Promise<Signer>): Signer {
  let made: Promise<Signer> | undefined;
  const signer = (): Promise<Signer> => {
    made ??= make().catch((error) => {
      made = undefined;
      throw error;
    });
    return made;
  };
  return {
    publicKey: async () => (await signer()).publicKey(),
    sign: async (digest) => (await signer()).sign(digest),
  };
}

/** Tells the seller's key and signs nothing: for functions that have no business with the secret. */
export function publicKeySigner(publicKey: Uint8Array): Signer {
  if (!isPublicKey(publicKey)) throw new RangeError('not a compressed public key of secp256k1');
  return {
    publicKey: () => Promise.resolve(publicKey.slice()),
    sign: () => Promise.reject(new Error('this function does not hold the key that signs')),
  };
}
