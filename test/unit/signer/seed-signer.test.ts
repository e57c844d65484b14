import { createHash } from 'node:crypto';
import { isStrictSignature, verifyMessage } from '../../../shared/protocol/signature.ts';
import { seedSigner } from '../../../shared/signer/seed-signer.ts';

const secret = new Uint8Array(32).fill(1);
const digestOf = (message: Uint8Array) => new Uint8Array(createHash('sha256').update(message).digest());

test('its public key is compressed, and known (1…1 times G)', async () => {
  expect(Buffer.from(await seedSigner(secret).publicKey()).toString('hex')).toBe(
    '031b84c5567b126440995d3ed5aaba0565d71e1834604819ff9c17f5e9d5dd078f',
  );
});

test('signatures are strict, of the digest as it is, and the same each time', async () => {
  const signer = seedSigner(secret);
  const key = await signer.publicKey();
  for (let index = 0; index < 16; index++) {
    const message = Uint8Array.of(index);
    const signature = await signer.sign(digestOf(message));
    expect(isStrictSignature(signature)).toBe(true);
    expect(verifyMessage(key, message, signature)).toBe(true);
    expect(await signer.sign(digestOf(message))).toEqual(signature);
  }
});

test('whoever gets the public key cannot change it', async () => {
  const signer = seedSigner(secret);
  (await signer.publicKey()).fill(0);
  expect((await signer.publicKey())[0]).toBe(3);
});

test.each([
  ['zero', new Uint8Array(32)],
  ['the order of the curve and more', new Uint8Array(32).fill(255)],
  ['31 bytes', new Uint8Array(31).fill(1)],
])('%s is no secret', (_, wrong) => {
  expect(() => seedSigner(wrong)).toThrow('not a secret key of secp256k1');
});

test('what is not 32 bytes is no digest', async () => {
  await expect(seedSigner(secret).sign(new Uint8Array(31))).rejects.toThrow('a digest is 32 bytes');
});
