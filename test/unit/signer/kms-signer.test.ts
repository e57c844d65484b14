import { createHash } from 'node:crypto';
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import { getPublicKey } from '@noble/secp256k1';
import { isStrictSignature, signMessage, verifyMessage } from '../../../shared/protocol/signature.ts';
import { kmsSigner } from '../../../shared/signer/kms-signer.ts';
import {
  base64,
  derOf,
  isHigh,
  KMS_KEY,
  type KmsStandIn,
  type Scalars,
  signatureLike,
  spkiOf,
  startKms,
} from '../../support/kms-stand-in.ts';

const secret = new Uint8Array(32).fill(7);
const other = new Uint8Array(32).fill(8);
const publicKey = getPublicKey(secret, true);
const digestOf = (message: Uint8Array) => new Uint8Array(createHash('sha256').update(message).digest());
const DIGEST = digestOf(Uint8Array.of(1));

let kms: KmsStandIn;
beforeEach(async () => {
  kms = await startKms(secret);
});
afterEach(() => kms.stop());

test('the public key is compressed, asked for once, and nobody can change it', async () => {
  const signer = kmsSigner(kms.client, KMS_KEY);
  expect(kms.asked).toEqual([]);
  const [key] = await Promise.all([signer.publicKey(), signer.publicKey()]);
  expect(bytesToHex(key)).toBe(bytesToHex(publicKey));
  key.fill(0);
  expect(bytesToHex(await signer.publicKey())).toBe(bytesToHex(publicKey));
  expect(kms.asked).toEqual(['GetPublicKey']);
});

test('signatures are strict though KMS answers a high s every other time', async () => {
  const signer = kmsSigner(kms.client, KMS_KEY);
  for (let index = 0; index < 8; index++) {
    const message = Uint8Array.of(index);
    const signature = await signer.sign(digestOf(message));
    expect(isStrictSignature(signature)).toBe(true);
    expect(verifyMessage(publicKey, message, signature)).toBe(true);
  }
  expect(kms.asked.filter((operation) => operation === 'Sign')).toHaveLength(8);
});

test.each<[string, (scalars: Scalars) => boolean]>([
  ['r', ({ r }) => r >> 248n === 0n],
  ['s', ({ s }) => s >> 248n === 0n],
])('a short %s is filled up with zeros', async (_, isShort) => {
  const scalars = signatureLike(secret, DIGEST, (each) => isShort(each) && !isHigh(each));
  kms.answer({ signature: () => derOf(scalars) });
  const signature = await kmsSigner(kms.client, KMS_KEY).sign(DIGEST);
  expect(bytesToHex(signature)).toBe(
    `${scalars.r.toString(16).padStart(64, '0')}${scalars.s.toString(16).padStart(64, '0')}`,
  );
});

const wrong = derOf(signatureLike(other, DIGEST, () => true));
const ofAnother = derOf(signatureLike(secret, digestOf(Uint8Array.of(2)), () => true));
test.each<[string, Uint8Array | undefined, RegExp]>([
  ['by another key', wrong, /^the signature that KMS made does not verify$/],
  ['of another digest', ofAnother, /^the signature that KMS made does not verify$/],
  ['not in DER', signMessage(secret, Uint8Array.of(1)), /^not a DER signature/],
  ['with a byte after it', Uint8Array.of(...wrong, 0), /^not a DER signature/],
  ['that is garbage', new Uint8Array(71).fill(0x30), /^not a DER signature/],
  ['that is not there', undefined, /^KMS answered no signature$/],
])('a signature %s is never given away', async (_, signature, reason) => {
  kms.answer({ signature: () => signature });
  await expect(kmsSigner(kms.client, KMS_KEY).sign(DIGEST)).rejects.toThrow(reason);
});

const key = { KeySpec: 'ECC_SECG_P256K1', KeyUsage: 'SIGN_VERIFY', PublicKey: base64(spkiOf(secret)) };
const compressed = `3036301006072a8648ce3d020106052b8104000a032200${bytesToHex(publicKey)}`;
const offCurve = spkiOf(secret);
offCurve[offCurve.length - 1] = (offCurve.at(-1) ?? 0) ^ 1;
test.each<[string, Record<string, unknown>, RegExp]>([
  ['of another curve', { ...key, KeySpec: 'ECC_NIST_P256' }, /^the KMS key is a ECC_NIST_P256/],
  ['for encryption', { ...key, KeyUsage: 'ENCRYPT_DECRYPT' }, /for ENCRYPT_DECRYPT, not an/],
  ['that is compressed', { ...key, PublicKey: base64(hexToBytes(compressed)) }, /of another form$/],
  [
    'with a byte more',
    { ...key, PublicKey: base64(Uint8Array.of(...spkiOf(secret), 0)) },
    /of another form$/,
  ],
  ['that is no point', { ...key, PublicKey: base64(offCurve) }, /bad point/],
  ['that is not there', { ...key, PublicKey: undefined }, /of another form$/],
])('a public key %s is refused, and nothing signed is given away', async (_, answer, reason) => {
  kms.answer({ publicKey: answer });
  const signer = kmsSigner(kms.client, KMS_KEY);
  await expect(signer.publicKey()).rejects.toThrow(reason);
  await expect(signer.sign(DIGEST)).rejects.toThrow(reason);
});

test('a refusal is told, and the next call asks again', async () => {
  const signer = kmsSigner(kms.client, KMS_KEY);
  kms.answer({ failure: 'KMSInvalidStateException' });
  await expect(signer.publicKey()).rejects.toMatchObject({ name: 'KMSInvalidStateException' });
  kms.answer({ failure: undefined });
  expect(bytesToHex(await signer.publicKey())).toBe(bytesToHex(publicKey));
});

test('what is not 32 bytes is no digest, and KMS is not asked', async () => {
  await expect(kmsSigner(kms.client, KMS_KEY).sign(new Uint8Array(31))).rejects.toThrow(
    'a digest is 32 bytes',
  );
  expect(kms.asked).toEqual([]);
});
