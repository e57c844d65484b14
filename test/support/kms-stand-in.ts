import { createPublicKey } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { KMSClient } from '@aws-sdk/client-kms';
import { concatBytes, hexToBytes } from '@noble/hashes/utils.js';
import { getPublicKey, sign } from '@noble/secp256k1';
import { CURVE_ORDER } from '../../shared/protocol/keys.ts';
import { bytesToNumberBE, numberToBytesBE } from '../../shared/protocol/numbers.ts';

export const KMS_KEY = 'arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab';

export interface KmsStandIn {
  readonly client: KMSClient;
  readonly endpoint: string;
  /** The operations that were asked for, in order. */
  readonly asked: string[];
  /** Changes what is answered from now on. */
  answer(changes: Partial<KmsAnswers>): void;
  stop(): Promise<void>;
}

export interface KmsAnswers {
  /** DER of a digest's signature; undefined leaves the member out. */
  readonly signature: (digest: Uint8Array) => Uint8Array | undefined;
  readonly publicKey: Readonly<Record<string, unknown>>;
  /** Answered in place of anything else. */
  readonly failure: string | undefined;
}

/** Answers as KMS does: over HTTP, in its JSON protocol, with a fresh signature each time. */
export async function startKms(secret: Uint8Array): Promise<KmsStandIn> {
  const asked: string[] = [];
  let signatures = 0;
  let answers: KmsAnswers = {
    // Real KMS is high about half the time; a test needs it to be sure.
    signature: (digest) => {
      const high = signatures++ % 2 === 0;
      return derOf(signatureLike(secret, digest, (scalars) => isHigh(scalars) === high));
    },
    publicKey: { KeySpec: 'ECC_SECG_P256K1', KeyUsage: 'SIGN_VERIFY', PublicKey: base64(spkiOf(secret)) },
    failure: undefined,
  };
  const server = createServer(async (request, response) => {
    const operation = String(request.headers['x-amz-target']).replace('TrentService.', '');
    const input = await jsonBody(request);
    asked.push(operation);
    const { status, body } = respond(operation, input, answers);
    response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' }).end(JSON.stringify(body));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const endpoint = `http://127.0.0.1:${port}`;
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
  const client = new KMSClient({ endpoint, region: 'us-east-1', credentials, maxAttempts: 1 });
  return {
    client,
    endpoint,
    asked,
    answer(changes) {
      answers = { ...answers, ...changes };
    },
    async stop() {
      client.destroy();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function respond(operation: string, input: Record<string, unknown>, answers: KmsAnswers) {
  const { KeyId, Message, MessageType, SigningAlgorithm } = input;
  if (answers.failure !== undefined) return { status: 400, body: { __type: answers.failure, message: 'no' } };
  if (KeyId !== KMS_KEY)
    return { status: 400, body: { __type: 'NotFoundException', message: 'no such key' } };
  if (operation === 'GetPublicKey') return { status: 200, body: { KeyId, ...answers.publicKey } };
  const digest = new Uint8Array(Buffer.from(String(Message), 'base64'));
  const isValid = MessageType === 'DIGEST' && SigningAlgorithm === 'ECDSA_SHA_256' && digest.length === 32;
  if (operation !== 'Sign' || !isValid) {
    return { status: 400, body: { __type: 'ValidationException', message: 'not like this' } };
  }
  const signature = answers.signature(digest);
  return {
    status: 200,
    body: { KeyId, SigningAlgorithm, ...(signature && { Signature: base64(signature) }) },
  };
}

async function jsonBody(request: IncomingMessage): Promise<Record<string, unknown>> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece);
  return JSON.parse(Buffer.concat(pieces).toString('utf8'));
}

export interface Scalars {
  readonly r: bigint;
  readonly s: bigint;
}

/** A valid signature that is like what is asked for, tried with ever another nonce and both of its s. */
export function signatureLike(
  secret: Uint8Array,
  digest: Uint8Array,
  isLike: (scalars: Scalars) => boolean,
): Scalars {
  for (let attempt = 0; attempt < 100_000; attempt += 1) {
    const extraEntropy = numberToBytesBE(BigInt(attempt), 32);
    const bytes = sign(digest, secret, { prehash: false, lowS: true, extraEntropy });
    const r = bytesToNumberBE(bytes.subarray(0, 32));
    const s = bytesToNumberBE(bytes.subarray(32));
    const found = [
      { r, s },
      { r, s: CURVE_ORDER - s },
    ].find(isLike);
    if (found) return found;
  }
  throw new Error('no such signature');
}

export const isHigh = ({ s }: Scalars): boolean => s > CURVE_ORDER >> 1n;

/** DER as X.690 has it: no zeros but one before a high bit. */
export function derOf({ r, s }: Scalars): Uint8Array {
  const body = concatBytes(derInteger(r), derInteger(s));
  return concatBytes(Uint8Array.of(0x30, body.length), body);
}

export function derInteger(value: bigint): Uint8Array {
  const hex = value.toString(16);
  const even = hex.length % 2 === 0 ? hex : `0${hex}`;
  const bytes = hexToBytes(Number.parseInt(even.slice(0, 2), 16) >= 0x80 ? `00${even}` : even);
  return concatBytes(Uint8Array.of(0x02, bytes.length), bytes);
}

/** SubjectPublicKeyInfo as OpenSSL writes it, the point uncompressed, as KMS does. */
export function spkiOf(secret: Uint8Array): Uint8Array {
  const point = Buffer.from(getPublicKey(secret, false));
  const x = point.subarray(1, 33).toString('base64url');
  const y = point.subarray(33).toString('base64url');
  const key = createPublicKey({ key: { kty: 'EC', crv: 'secp256k1', x, y }, format: 'jwk' });
  return new Uint8Array(key.export({ type: 'spki', format: 'der' }));
}

export function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}
