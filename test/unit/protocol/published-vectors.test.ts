import { createHmac } from 'node:crypto';
import { bytesToHex, concatBytes, hexToBytes, utf8ToBytes } from '@noble/hashes/utils.js';
import { getPublicKey, Point } from '@noble/secp256k1';
import { Transaction } from 'bitcoinjs-lib';
import { sha256 } from '../../../shared/protocol/hashes.ts';
import { CURVE_ORDER } from '../../../shared/protocol/keys.ts';
import { bytesToNumberBE, numberToBytesBE } from '../../../shared/protocol/numbers.ts';
import { fundingScript, payToWitnessScript } from '../../../shared/protocol/script.ts';
import { inputMessage, NONE_ANYONECANPAY, SINGLE_ANYONECANPAY } from '../../../shared/protocol/sighash.ts';
import {
  scriptSignature,
  signDigest,
  signMessage,
  verifyDigest,
  verifyMessage,
  verifyPortably,
} from '../../../shared/protocol/signature.ts';
import { signatureFromDer } from '../../../shared/signer/der-signature.ts';
import { libsecp256k1 } from '../../../shared/signer/libsecp256k1.ts';
import vectors from '../../vectors/published.json';

/** What others published, each with its source in test/vectors/published.json: our code against theirs. */

describe(vectors.bip143.source, () => {
  type Vector = (typeof vectors.bip143.signatures)[number];
  const vectorsWithPreimage = vectors.bip143.signatures.flatMap((vector: Vector) =>
    'preimage' in vector && vector.preimage ? [{ ...vector, preimage: hexToBytes(vector.preimage) }] : [],
  );

  test.each(vectors.bip143.signatures)(
    '$about: the digest of settlements and own inputs, and the signature',
    (vector) => {
      const transaction = Transaction.fromHex(vector.transaction);
      const script = hexToBytes(vector.scriptCode);
      const digest = transaction.hashForWitnessV0(
        vector.input,
        script,
        BigInt(vector.value),
        vector.hashType,
      );
      expect(bytesToHex(digest)).toBe(vector.sigHash);
      const secret = hexToBytes(vector.privateKey);
      expect(bytesToHex(getPublicKey(secret))).toBe(vector.publicKey);
      expect(bytesToHex(scriptSignature(signDigest(secret, digest), vector.hashType))).toBe(vector.signature);
    },
  );

  test('gives the preimage of every hash type that the protocol builds by hand', () => {
    const types = new Set(vectorsWithPreimage.map(({ hashType }) => hashType));
    expect(types).toEqual(new Set([NONE_ANYONECANPAY, SINGLE_ANYONECANPAY]));
  });

  test.each(vectorsWithPreimage)(
    '$about: all verifiers take the signature over the preimage',
    async (vector) => {
      const { preimage, publicKey, signature } = vector;
      const message = sha256(preimage);
      expect(bytesToHex(sha256(message))).toBe(vector.sigHash);
      const compact = signatureFromDer(hexToBytes(signature).subarray(0, -1));
      expect(verifyMessage(hexToBytes(publicKey), message, compact)).toBe(true);
      expect(verifyPortably(hexToBytes(publicKey), message, compact)).toBe(true);
      const fastest = await libsecp256k1();
      expect(fastest(hexToBytes(publicKey), message, compact)).toBe(true);
    },
  );

  test.each(vectorsWithPreimage)('$about: ours is that preimage but for the sequence', (vector) => {
    const transaction = Transaction.fromHex(vector.transaction);
    const input = transaction.ins[vector.input];
    const output = transaction.outs[vector.input];
    if (!input || !output) throw new Error('no such input');
    const witnessScript = hexToBytes(vector.scriptCode);
    const preimage = vector.preimage.slice();
    // Version, two hashes, outpoint, script with its length, amount: then the sequence.
    const at = 4 + 64 + 36 + 1 + witnessScript.length + 8;
    expect(bytesToHex(preimage.subarray(at, at + 4))).toBe('ffffffff');
    preimage.set(hexToBytes('fdffffff'), at);
    const ours = inputMessage({
      version: transaction.version,
      locktime: transaction.locktime,
      funding: {
        txid: bytesToHex(Uint8Array.from(input.hash).reverse()),
        vout: input.index,
        capacity: BigInt(vector.value),
        witnessScript,
      },
      ...(vector.hashType === SINGLE_ANYONECANPAY && { output }),
    });
    expect(bytesToHex(ours)).toBe(bytesToHex(sha256(preimage)));
  });
});

/** RFC 6979 section 3.2, for orders of 256 bits and SHA-256, where bits2int and int2octets are plain conversions. */
function nonceOf(order: bigint, secret: Uint8Array, message: Uint8Array): bigint {
  const hmac = (key: Uint8Array, ...parts: Uint8Array[]): Uint8Array =>
    createHmac('sha256', key)
      .update(concatBytes(...parts))
      .digest();
  const seed = concatBytes(secret, numberToBytesBE(bytesToNumberBE(sha256(message)) % order, 32));
  let value: Uint8Array = new Uint8Array(32).fill(1);
  let key: Uint8Array = new Uint8Array(32);
  for (const separator of [0, 1]) {
    key = hmac(key, value, Uint8Array.of(separator), seed);
    value = hmac(key, value);
  }
  for (;;) {
    value = hmac(key, value);
    const nonce = bytesToNumberBE(value);
    if (nonce > 0n && nonce < order) return nonce;
    key = hmac(key, value, Uint8Array.of(0));
    value = hmac(key, value);
  }
}

describe(`deterministic nonces: ${vectors.rfc6979.nonces.source}`, () => {
  const { order, secret, cases } = vectors.rfc6979.nonces;

  test.each(cases)(
    'the derivation that the next tests rely on is the RFC’s: $message',
    ({ message, nonce }) => {
      const found = nonceOf(BigInt(`0x${order}`), hexToBytes(secret), utf8ToBytes(message));
      expect(found.toString(16)).toBe(nonce);
    },
  );

  test.each(vectors.rfc6979.secp256k1.cases)('the signer’s nonce and signature: $message', (vector) => {
    const message = utf8ToBytes(vector.message);
    const secretKey = hexToBytes(vector.secret);
    const nonce = nonceOf(CURVE_ORDER, secretKey, message);
    const signature = signMessage(secretKey, message);
    expect(nonce.toString(16)).toBe(vector.nonce);
    expect(bytesToHex(signature)).toBe(vector.signature);
    expect(bytesToNumberBE(signature.subarray(0, 32))).toBe(Point.BASE.multiply(nonce).x % CURVE_ORDER);
  });

  test('the signer’s nonce is the RFC’s for digests below and above the order, and secrets at its ends', () => {
    for (const secretKey of [1n, 2n, CURVE_ORDER - 1n].map((value) => numberToBytesBE(value, 32))) {
      for (let index = 0; index < 8; index++) {
        const message = Uint8Array.of(index);
        const x = Point.BASE.multiply(nonceOf(CURVE_ORDER, secretKey, message)).x;
        expect(bytesToNumberBE(signMessage(secretKey, message).subarray(0, 32))).toBe(x % CURVE_ORDER);
      }
    }
  });
});

describe(vectors.bolt3.source, () => {
  const { bolt3 } = vectors;
  const localKey = hexToBytes(bolt3.localKey);
  const remoteKey = hexToBytes(bolt3.remoteKey);
  const witnessScript = hexToBytes(bolt3.witnessScript);

  test('the 2-of-2 and its P2WSH output, with the keys in the order that BOLT 3 sorts them into', () => {
    expect(bytesToHex(fundingScript(localKey, remoteKey))).toBe(bolt3.witnessScript);
    expect(bytesToHex(payToWitnessScript(witnessScript))).toBe(bolt3.fundingScript);
  });

  test('ours are not sorted: the other order is another script', () => {
    expect(bytesToHex(fundingScript(remoteKey, localKey))).not.toBe(bolt3.witnessScript);
  });

  test.each([
    ['local', bolt3.localSecret, bolt3.localKey, bolt3.localSignature],
    ['remote', bolt3.remoteSecret, bolt3.remoteKey, bolt3.remoteSignature],
  ])('the %s signature of the commitment transaction', (_, secret, key, der) => {
    const commitment = Transaction.fromHex(bolt3.commitment);
    const digest = commitment.hashForWitnessV0(0, witnessScript, BigInt(bolt3.capacity), 0x01);
    const signature = signDigest(hexToBytes(secret), digest);
    expect(bytesToHex(getPublicKey(hexToBytes(secret)))).toBe(key);
    expect(bytesToHex(scriptSignature(signature, 0x01))).toBe(`${der}01`);
    expect(signatureFromDer(hexToBytes(der))).toEqual(signature);
    expect(verifyDigest(hexToBytes(key), digest, signature)).toBe(true);
  });

  test('the witness is laid out as ours: nothing, both signatures in the order of the keys, the script', () => {
    const [input] = Transaction.fromHex(bolt3.commitment).ins;
    expect(bytesToHex(Uint8Array.from(input?.hash ?? []).reverse())).toBe(bolt3.fundingTxid);
    expect(input?.witness.map((item) => bytesToHex(Uint8Array.from(item)))).toEqual([
      '',
      `${bolt3.localSignature}01`,
      `${bolt3.remoteSignature}01`,
      bolt3.witnessScript,
    ]);
  });
});
