import { createHash } from 'node:crypto';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import { sha256, taggedMessage } from '../../../shared/protocol/hashes.ts';
import {
  CONTINUES_HEADER,
  continuationMessage,
  manifestMessage,
  requestMessage,
  SIGNATURE_HEADER,
  type SignedRequest,
  TIME_HEADER,
} from '../../../shared/protocol/request.ts';
import { secretOf } from './support.ts';

const REQUEST: SignedRequest = {
  method: 'POST',
  host: 'shop.example:8443',
  path: '/channels?continued=yes&x=%2F',
  seconds: 1_790_000_000,
  body: utf8ToBytes('{"k":1}'),
};

/** The tagged message of a text, by node:crypto alone. */
function tagged(tag: string, ...parts: (string | Uint8Array)[]): string {
  const hash = createHash('sha256').update(tag).digest();
  return Buffer.concat([hash, hash, ...parts.map((part) => Buffer.from(part))]).toString('hex');
}

describe('requestMessage', () => {
  test('is the tagged text of section 4, with path and query as sent', () => {
    const bodyHash = createHash('sha256').update('{"k":1}').digest('hex');
    expect(bytesToHex(requestMessage(REQUEST))).toBe(
      tagged(
        'spillway/request',
        `POST\nshop.example:8443\n/channels?continued=yes&x=%2F\n1790000000\n${bodyHash}`,
      ),
    );
  });

  test('hashes an empty body to SHA-256 of nothing', () => {
    expect(bytesToHex(requestMessage({ ...REQUEST, method: 'GET', body: new Uint8Array(0) }))).toBe(
      tagged(
        'spillway/request',
        'GET\nshop.example:8443\n/channels?continued=yes&x=%2F\n1790000000\ne3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
      ),
    );
  });

  test('differs when any part differs', () => {
    const variants: SignedRequest[] = [
      REQUEST,
      { ...REQUEST, method: 'GET' },
      { ...REQUEST, host: 'shop.example' },
      { ...REQUEST, path: '/channels' },
      { ...REQUEST, seconds: REQUEST.seconds + 1 },
      { ...REQUEST, body: utf8ToBytes('{"k":2}') },
    ];
    expect(new Set(variants.map((request) => bytesToHex(requestMessage(request)))).size).toBe(
      variants.length,
    );
  });
});

test('the headers have the names the specification gives them', () => {
  expect([TIME_HEADER, SIGNATURE_HEADER, CONTINUES_HEADER]).toEqual([
    'spillway-time',
    'spillway-signature',
    'spillway-continues',
  ]);
});

test('a continuation names the earlier channel first', () => {
  const [earlier, later] = [secretOf('earlier'), secretOf('later')];
  expect(bytesToHex(continuationMessage(earlier, later))).toBe(tagged('spillway/continue', earlier, later));
});

test('a manifest is signed by its id', () => {
  const id = secretOf('manifest');
  expect(bytesToHex(manifestMessage(id))).toBe(tagged('spillway/manifest', id));
});

test('no two kinds of message are the same for the same bytes', () => {
  const bytes = secretOf('bytes');
  const tags = [
    'spillway/terms',
    'spillway/key',
    'spillway/request',
    'spillway/continue',
    'spillway/manifest',
  ];
  expect(new Set(tags.map((tag) => bytesToHex(sha256(taggedMessage(tag, bytes))))).size).toBe(tags.length);
});
