import { GetPublicKeyCommand, type KMSClient, SignCommand } from '@aws-sdk/client-kms';
import { bytesToHex } from '@noble/hashes/utils.js';
import { Point } from '@noble/secp256k1';
import { verifyDigest } from '../protocol/signature.ts';
import { signatureFromDer } from './der-signature.ts';
import type { Signer } from './signer.ts';

/** DER SubjectPublicKeyInfo of an uncompressed secp256k1 point, up to the point itself (RFC 5480, SEC 1). */
const SPKI_PREFIX = '3056301006072a8648ce3d020106052b8104000a034200';
const POINT_BYTES = 65;

/**
 * B's key in AWS KMS (key spec ECC_SECG_P256K1): it never leaves there. KMS signs digests as they are, answers DER, with a
 * high s about half the time, and another signature each time.
 * @param keyId the key's ARN
 * @returns a signer whose methods throw where KMS does not answer, or answers what is no valid signature
 */
export function kmsSigner(client: Pick<KMSClient, 'send'>, keyId: string): Signer {
  let known: Promise<Uint8Array> | undefined;

  const publicKey = (): Promise<Uint8Array> => {
    // A failure is not kept: the next request asks again.
    known ??= fetchPublicKey(client, keyId).catch((error) => {
      known = undefined;
      throw error;
    });
    return known;
  };

  return {
    publicKey: async () => (await publicKey()).slice(),
    async sign(digest) {
      if (digest.length !== 32) throw new RangeError('a digest is 32 bytes');
      const [key, answer] = await Promise.all([
        publicKey(),
        client.send(
          new SignCommand({
            KeyId: keyId,
            Message: digest,
            MessageType: 'DIGEST',
            SigningAlgorithm: 'ECDSA_SHA_256',
          }),
        ),
      ]);
      if (!answer.Signature) throw new Error('KMS answered no signature');
      const signature = signatureFromDer(answer.Signature);
      if (!verifyDigest(key, digest, signature)) {
        throw new Error('the signature that KMS made does not verify');
      }
      return signature;
    },
  };
}

async function fetchPublicKey(client: Pick<KMSClient, 'send'>, keyId: string): Promise<Uint8Array> {
  const { KeySpec, KeyUsage, PublicKey } = await client.send(new GetPublicKeyCommand({ KeyId: keyId }));
  if (KeySpec !== 'ECC_SECG_P256K1' || KeyUsage !== 'SIGN_VERIFY') {
    throw new Error(`the KMS key is a ${KeySpec} for ${KeyUsage}, not an ECC_SECG_P256K1 for SIGN_VERIFY`);
  }
  const spki = bytesToHex(PublicKey ?? new Uint8Array(0));
  if (!spki.startsWith(SPKI_PREFIX) || spki.length !== SPKI_PREFIX.length + 2 * POINT_BYTES) {
    throw new Error('KMS answered a public key of another form');
  }
  return Point.fromHex(spki.slice(SPKI_PREFIX.length)).toBytes(true);
}
