import { KMSClient } from '@aws-sdk/client-kms';
import { hexToBytes } from '@noble/hashes/utils.js';
import type { SellerKey } from '../config.ts';
import { readSecret } from '../secrets.ts';
import { deferredSigner, publicKeySigner } from './deferred-signer.ts';
import { kmsSigner } from './kms-signer.ts';
import { seedSigner } from './seed-signer.ts';
import type { Signer } from './signer.ts';

/** The seller's key, from wherever the configuration says that it is. Asks nobody before its first use. */
export function sellerSigner(key: SellerKey): Signer {
  switch (key.kind) {
    case 'kms':
      return kmsSigner(new KMSClient({}), key.arn);
    case 'secret':
      return deferredSigner(async () => seedSigner(secretKey(await readSecret(key.arn))));
    case 'public':
      return publicKeySigner(hexToBytes(key.publicKey));
    case 'plain':
      return seedSigner(hexToBytes(key.secret));
  }
}

function secretKey(text: string): Uint8Array {
  const hex = text.trim();
  // The text is not shown: it is the key, or nearly.
  if (!/^[0-9a-f]{64}$/.test(hex)) throw new Error("the seller's secret is not 32 bytes in lower-case hex");
  return hexToBytes(hex);
}
