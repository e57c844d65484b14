import { hexToBytes } from '@noble/hashes/utils.js';
import { edgeSignatures } from '../../../scripts/edge-signatures.ts';
import { verifyMessage, verifyPortably } from '../../../shared/protocol/signature.ts';
import { verifyWithOpenssl } from '../../../shared/protocol/verify-openssl.ts';
import vectors from '../../vectors/edge-signatures.json';

const classes = [...new Set(vectors.signatures.map((vector) => vector.class))];

test('the file is what the generator makes', () => {
  expect(edgeSignatures()).toEqual(vectors.signatures);
});

test('two verifiers are compared, not one with itself', () => {
  expect(verifyWithOpenssl).toBeDefined();
});

test.each(classes)('%s: noble and OpenSSL say what is right by construction', (name) => {
  const ofClass = vectors.signatures.filter((vector) => vector.class === name);
  const verdicts = ofClass.map(({ about, publicKey, message, signature }) => {
    const input = [hexToBytes(publicKey), hexToBytes(message), hexToBytes(signature)] as const;
    return { about, openssl: verifyMessage(...input), noble: verifyPortably(...input) };
  });
  expect(verdicts).toEqual(ofClass.map(({ about, valid }) => ({ about, openssl: valid, noble: valid })));
});
