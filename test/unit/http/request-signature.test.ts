import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import { getPublicKey } from '@noble/secp256k1';
import { Problem } from '../../../shared/errors.ts';
import type { ApiRequest } from '../../../shared/http/api-request.ts';
import { requireSignature } from '../../../shared/http/request-signature.ts';
import { CURVE_ORDER } from '../../../shared/protocol/keys.ts';
import { bytesToNumberBE, numberToBytesBE } from '../../../shared/protocol/numbers.ts';
import { requestMessage } from '../../../shared/protocol/request.ts';
import { signMessage } from '../../../shared/protocol/signature.ts';
import { secretOf } from '../../support/channel-buyer.ts';

const NOW = 1_700_000_000;
const clock = { now: () => NOW * 1000 + 999 };
const secret = secretOf('a channel key');
const key = getPublicKey(secret, true);

const unsigned = {
  method: 'POST',
  host: 'shop.example',
  path: '/channels/ab/close?x=1',
  body: new TextEncoder().encode('{"a":1}'),
};

function signed(seconds = NOW, by = secret): ApiRequest {
  const signature = bytesToHex(signMessage(by, requestMessage({ ...unsigned, seconds })));
  const headers = { 'spillway-time': `${seconds}`, 'spillway-signature': signature };
  return { ...unsigned, headers, parameters: {} };
}

function withHeaders(request: ApiRequest, headers: Record<string, string | undefined>): ApiRequest {
  return { ...request, headers: { ...request.headers, ...headers } };
}

function outcome(request: ApiRequest): string {
  try {
    requireSignature(request, key, clock);
    return 'accepted';
  } catch (error) {
    if (error instanceof Problem) return `${error.problem}: ${error.message}`;
    throw error;
  }
}

const BAD = 'bad-request-signature: not a strict signature of this request by the channel key';
const FORM =
  'bad-request-signature: spillway-time and spillway-signature must be unix seconds and 64 bytes in hex';

test('a request signed by the channel key is accepted', () => {
  expect(outcome(signed())).toBe('accepted');
});

test.each<[string, Partial<ApiRequest>]>([
  ['method', { method: 'GET' }],
  ['host', { host: 'other.example' }],
  ['host with a port', { host: 'shop.example:443' }],
  ['path', { path: '/channels/ac/close?x=1' }],
  ['query', { path: '/channels/ab/close?x=2' }],
  ['query left out', { path: '/channels/ab/close' }],
  ['body', { body: new TextEncoder().encode('{"a":2}') }],
  ['body left out', { body: new Uint8Array(0) }],
])('another %s than was signed is refused', (_, change) => {
  expect(outcome({ ...signed(), ...change })).toBe(BAD);
});

test('another key is refused', () => {
  expect(outcome(signed(NOW, secretOf('a stranger')))).toBe(BAD);
});

test('another time than was signed is refused', () => {
  expect(outcome(withHeaders(signed(), { 'spillway-time': `${NOW + 1}` }))).toBe(BAD);
});

test.each([-120, 120])('a clock %d seconds off is accepted', (skew) => {
  expect(outcome(signed(NOW + skew))).toBe('accepted');
});

test.each([-121, 121, -NOW])("a clock %d seconds off is refused, and the server's time told", (skew) => {
  const request = signed(NOW + skew);
  expect(outcome(request)).toBe(`clock-skew: signed at ${NOW + skew}, it is ${NOW} here`);
  try {
    requireSignature(request, key, clock);
  } catch (error) {
    expect(error).toMatchObject({ status: 401, members: { serverTime: NOW } });
  }
});

test.each<[string, Record<string, string | undefined>]>([
  ['no time', { 'spillway-time': undefined }],
  ['no signature', { 'spillway-signature': undefined }],
  ['an empty time', { 'spillway-time': '' }],
  ['a time with a sign', { 'spillway-time': `+${NOW}` }],
  ['a time with a fraction', { 'spillway-time': `${NOW}.0` }],
  ['a time with an exponent', { 'spillway-time': '17e8' }],
  ['a time in hex', { 'spillway-time': '0x10' }],
  ['two times, as a gateway joins them', { 'spillway-time': `${NOW},${NOW}` }],
  ['a time too long', { 'spillway-time': '1'.repeat(13) }],
  ['a signature too short', { 'spillway-signature': 'ab'.repeat(63) }],
  ['a signature too long', { 'spillway-signature': 'ab'.repeat(65) }],
  ['a signature in upper case', { 'spillway-signature': 'AB'.repeat(64) }],
  ['a signature with a line end', { 'spillway-signature': `${'ab'.repeat(64)}\n` }],
])('%s is refused by its form', (_, headers) => {
  expect(outcome(withHeaders(signed(), headers))).toBe(FORM);
});

test('a high s, or one of nothing, is refused', () => {
  const request = signed();
  const signature = hexToBytes(request.headers['spillway-signature'] ?? '');
  const s = bytesToNumberBE(signature.subarray(32));
  const high = Uint8Array.of(...signature.subarray(0, 32), ...numberToBytesBE(CURVE_ORDER - s, 32));
  expect(outcome(withHeaders(request, { 'spillway-signature': bytesToHex(high) }))).toBe(BAD);
  expect(outcome(withHeaders(request, { 'spillway-signature': '00'.repeat(64) }))).toBe(BAD);
});
