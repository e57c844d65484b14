import { utf8ToBytes } from '@noble/hashes/utils.js';
import * as v from 'valibot';
import { checkLink } from '../../client/buyer/checks.ts';
import { BuyerError } from '../../client/buyer/errors.ts';
import { ManifestInvalid, parseManifest } from '../../shared/dataset/manifest.ts';
import { pathProblem, pathsProblem } from '../../shared/dataset/paths.ts';
import { parseEnvironment } from '../../shared/environment-file.ts';
import { Problem, type ProblemName } from '../../shared/errors.ts';
import { chunkAnswer, commitmentBody, outpointBody } from '../../shared/http/api.ts';
import { apiRequest, parseBody, parseField } from '../../shared/http/api-request.ts';
import { requireSignature } from '../../shared/http/request-signature.ts';
import { SIGNATURE_HEADER, TIME_HEADER } from '../../shared/protocol/request.ts';
import { verifyDigest, verifyMessage, verifyPortably, verifyWith } from '../../shared/protocol/signature.ts';
import { hexOf, parseTerms } from '../../shared/protocol/terms.ts';
import { type VerifyMessage, verifyWithOpenssl } from '../../shared/protocol/verify-openssl.ts';
import { signatureFromDer } from '../../shared/signer/der-signature.ts';
import { libsecp256k1 } from '../../shared/signer/libsecp256k1.ts';
import { apiEvent } from '../support/api-event.ts';
import { answerTargets } from './answer-targets.ts';
import type { Target } from './fuzz.ts';
import { journalTargets } from './journal-targets.ts';
import { seeds } from './seeds.ts';

const text = (input: Uint8Array) => new TextDecoder().decode(input);
const isProblem =
  (...names: ProblemName[]) =>
  (error: unknown) =>
    error instanceof Problem && names.includes(error.problem);
const never = () => false;
let fastest: VerifyMessage | undefined;
const clock = { now: () => 1_790_000_000_000 };

/** What the shop is sent. */
const requests: readonly Target[] = [
  { name: 'terms', seeds: [seeds.terms], parse: parseTerms, isOwnError: isProblem('malformed-terms') },
  {
    name: 'a body with an outpoint',
    seeds: [seeds.outpointBody],
    parse: (input) => parseBody(outpointBody, input),
    isOwnError: isProblem('malformed-request'),
  },
  {
    name: 'a body with a commitment',
    seeds: [seeds.commitmentBody],
    parse: (input) => parseBody(commitmentBody, input),
    isOwnError: isProblem('malformed-request'),
  },
  {
    name: 'an event with a body in text or base64',
    seeds: [seeds.commitmentBody, utf8ToBytes('AAECAwQ=')],
    parse(input) {
      const body = text(input);
      for (const isBase64Encoded of [false, true]) {
        apiRequest(apiEvent({ path: body, query: body, headers: { host: body }, body, isBase64Encoded }));
      }
    },
    isOwnError: isProblem('body-too-large'),
  },
  {
    name: 'a parameter of a path',
    seeds: [utf8ToBytes('ab'.repeat(32))],
    parse: (input) => parseField(hexOf(32), text(input), 'channelId'),
    isOwnError: isProblem('malformed-request'),
  },
  {
    name: "the headers of a request's signature",
    seeds: [utf8ToBytes(`1790000000 ${seeds.requestSignature}`)],
    parse(input) {
      const [time = '', signature = ''] = text(input).split(' ');
      const headers = { host: 'shop.example', [TIME_HEADER]: time, [SIGNATURE_HEADER]: signature };
      requireSignature(apiRequest(apiEvent({ path: '/shop', headers })), seeds.key, clock);
    },
    isOwnError: isProblem('bad-request-signature', 'clock-skew'),
  },
  {
    name: 'signatures, keys and digests',
    seeds: [seeds.signature, seeds.key],
    runs: 40,
    async parse(input) {
      fastest ??= await libsecp256k1();
      const pairs = [
        [seeds.key, input],
        [seeds.key, input.subarray(0, 64)],
        [input, seeds.signature],
        [input.subarray(0, 33), seeds.signature],
      ] as const;
      for (const [key, signature] of pairs) {
        const portable = verifyPortably(key, input, signature);
        for (const verifier of [verifyWithOpenssl ?? verifyPortably, fastest]) {
          verifyWith(verifier);
          if (verifyMessage(key, input, signature) !== portable) throw new Error('the verifiers differ');
        }
        verifyDigest(key, input.subarray(0, 32), signature);
      }
    },
    isOwnError: never,
  },
  {
    name: 'a signature in DER',
    seeds: [seeds.der],
    parse: signatureFromDer,
    isOwnError: (error) => error instanceof RangeError && error.message.startsWith('not a DER signature'),
  },
];

/** What a seller or an operator writes, and a shop links to. */
const documents: readonly Target[] = [
  {
    name: 'a manifest',
    seeds: [seeds.manifest],
    parse: parseManifest,
    isOwnError: (error) => error instanceof ManifestInvalid,
  },
  {
    name: 'paths',
    seeds: ['data/part 1/a.csv', 'é/ß', 'com1.txt', 'a/../b', 'x'.repeat(300)].map((path) =>
      utf8ToBytes(path),
    ),
    parse(input) {
      // Also text that is no Unicode: a string of UTF-16 may hold halves.
      const halves = String.fromCharCode(...new Uint16Array(input.slice(0, input.length & ~1).buffer));
      for (const path of [text(input), halves]) pathProblem(path);
      pathsProblem([text(input), ...text(input).split('\n'), halves]);
    },
    isOwnError: never,
  },
  {
    name: 'an environment file',
    seeds: [utf8ToBytes('# a shop\nSPILLWAY_NETWORK=regtest\nSPILLWAY_TABLE=shop\n\nAWS_REGION=us-east-1\n')],
    parse: (input) => parseEnvironment(text(input), 'shop.env'),
    isOwnError: (error) =>
      error instanceof Error && /^shop\.env: line \d+ is not KEY=VALUE$/.test(error.message),
  },
  {
    name: 'a presigned link',
    seeds: [seeds.chunkLink],
    parse(input) {
      const link = v.parse(v.pipe(v.string(), v.parseJson(), chunkAnswer), text(input));
      checkLink(link, { chunk: 0, size: 1_000, host: 'objects.example' });
    },
    isOwnError: (error) => error instanceof BuyerError || error instanceof v.ValiError,
  },
];

export const targets: readonly Target[] = [...requests, ...documents, ...answerTargets, ...journalTargets];
