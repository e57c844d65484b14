import { bytesToHex } from '@noble/hashes/utils.js';
import { getPublicKey } from '@noble/secp256k1';
import { deferredSigner } from '../../../shared/signer/deferred-signer.ts';
import { seedSigner } from '../../../shared/signer/seed-signer.ts';
import { sellerSigner } from '../../../shared/signer/seller-signer.ts';
import { KMS_KEY, startKms } from '../../support/kms-stand-in.ts';

const secret = new Uint8Array(32).fill(9);
const publicKey = bytesToHex(getPublicKey(secret, true));
const DIGEST = new Uint8Array(32).fill(1);

test('a key in the environment signs', async () => {
  const signer = sellerSigner({ kind: 'plain', secret: bytesToHex(secret) });
  expect(bytesToHex(await signer.publicKey())).toBe(publicKey);
  expect(await signer.sign(DIGEST)).toHaveLength(64);
});

test('a public key is told and signs nothing', async () => {
  const signer = sellerSigner({ kind: 'public', publicKey });
  expect(bytesToHex(await signer.publicKey())).toBe(publicKey);
  await expect(signer.sign(DIGEST)).rejects.toThrow('this function does not hold the key that signs');
  expect(() => sellerSigner({ kind: 'public', publicKey: `02${'00'.repeat(32)}` })).toThrow(
    'not a compressed public key of secp256k1',
  );
});

describe('in AWS', () => {
  const names = ['AWS_REGION', 'AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_ENDPOINT_URL_KMS'] as const;
  const before = names.map((name) => [name, process.env[name]] as const);
  afterEach(() => {
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  });

  test('a key in KMS is asked for where the environment says that KMS is, at its first use', async () => {
    const kms = await startKms(secret);
    const values = ['us-east-1', 'test', 'test', kms.endpoint];
    names.forEach((name, index) => {
      process.env[name] = values[index];
    });
    const signer = sellerSigner({ kind: 'kms', arn: KMS_KEY });
    expect(kms.asked).toEqual([]);
    expect(bytesToHex(await signer.publicKey())).toBe(publicKey);
    await kms.stop();
  });
});

test('what is made at the first use is made once, and again only where that failed', async () => {
  let made = 0;
  const signer = deferredSigner(async () => {
    made += 1;
    if (made === 1) throw new Error('not yet');
    return seedSigner(secret);
  });
  expect(made).toBe(0);
  await expect(signer.sign(DIGEST)).rejects.toThrow('not yet');
  await Promise.all([signer.publicKey(), signer.sign(DIGEST), signer.publicKey()]);
  expect(made).toBe(2);
});
