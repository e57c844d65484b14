import { hexToBytes } from '@noble/hashes/utils.js';
import { bytesToNumberBE } from '../../../shared/protocol/numbers.ts';
import { verifyMessage, verifyPortably, verifyWith } from '../../../shared/protocol/signature.ts';
import { type VerifyMessage, verifyWithOpenssl } from '../../../shared/protocol/verify-openssl.ts';
import { signatureFromDer } from '../../../shared/signer/der-signature.ts';
import { libsecp256k1 } from '../../../shared/signer/libsecp256k1.ts';
import vectors from '../../vectors/wycheproof.json';
import { ORDER } from './support.ts';

/** Project Wycheproof's attacks on ECDSA: every verifier says what they say, but for the two rules that are written here. */

type Vector = (typeof vectors.bitcoin.tests)[number];

const flagsOf = (tests: readonly Vector[]) => [...new Set(tests.flatMap(({ flags }) => flags))].sort();
const isSHigh = (signature: Uint8Array) => bytesToNumberBE(signature.subarray(32)) > ORDER >> 1n;

/** The reader of KMS's DER lowers s on purpose, so what is wrong for its high s alone becomes right. */
function verifyDer({ key, message, signature }: Vector): boolean {
  let compact: Uint8Array;
  try {
    compact = signatureFromDer(hexToBytes(signature));
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
  return verifyMessage(hexToBytes(key), hexToBytes(message), compact);
}

const isRightInDer = ({ result, about }: Vector) =>
  result === 'valid' || /signature malleability/i.test(about);

/** Bitcoin's nodes do not relay a high s, so ours is refused where plain ECDSA takes it. */
const isRightHere = ({ result, signature }: Vector) => result === 'valid' && !isSHigh(hexToBytes(signature));

describe.each<[string, () => VerifyMessage | undefined | Promise<VerifyMessage>]>([
  ['noble', () => verifyPortably],
  ['OpenSSL', () => verifyWithOpenssl],
  ['libsecp256k1', libsecp256k1],
])('%s', (_, load) => {
  beforeAll(async () => {
    const verifier = await load();
    if (!verifier) throw new Error('this platform does not have it');
    verifyWith(verifier);
  });

  test.each(flagsOf(vectors.bitcoin.tests))(`${vectors.bitcoin.file}, %s`, (flag) => {
    const tests = vectors.bitcoin.tests.filter(({ flags }) => flags.includes(flag));
    const verdicts = tests.map((vector) => ({ id: vector.id, valid: verifyDer(vector) }));
    expect(verdicts).toEqual(tests.map((vector) => ({ id: vector.id, valid: isRightInDer(vector) })));
  });

  test.each(flagsOf(vectors.p1363.tests))(`${vectors.p1363.file}, %s`, (flag) => {
    const tests = vectors.p1363.tests.filter(({ flags }) => flags.includes(flag));
    const verdicts = tests.map(({ id, key, message, signature }) => ({
      id,
      valid: verifyMessage(hexToBytes(key), hexToBytes(message), hexToBytes(signature)),
    }));
    expect(verdicts).toEqual(tests.map((vector) => ({ id: vector.id, valid: isRightHere(vector) })));
  });
});

test('nothing was left out, and the two rules of ours change few verdicts', () => {
  const { bitcoin, p1363 } = vectors;
  expect([bitcoin.tests.length, p1363.tests.length]).toEqual([463, 252]);
  expect(bitcoin.tests.filter((vector) => isRightInDer(vector) !== (vector.result === 'valid'))).toHaveLength(
    2,
  );
  expect(p1363.tests.filter((vector) => isRightHere(vector) !== (vector.result === 'valid'))).toHaveLength(
    72,
  );
});
