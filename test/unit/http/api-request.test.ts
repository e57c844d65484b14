import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import * as v from 'valibot';
import { Problem } from '../../../shared/errors.ts';
import { outpointBody } from '../../../shared/http/api.ts';
import { apiRequest, parseBody, parseField } from '../../../shared/http/api-request.ts';
import { MAX_BODY_BYTES } from '../../../shared/limits.ts';
import { apiEvent } from '../../support/api-event.ts';

function refusal(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    if (error instanceof Problem) return `${error.problem}: ${error.message}`;
    throw error;
  }
  throw new Error('nothing was refused');
}

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const json = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));

describe('an event of API Gateway', () => {
  test('becomes method, host, path with query, headers, parameters and body', () => {
    const event = apiEvent({
      method: 'POST',
      path: '/channels/abc/refund',
      query: 'a=1&b=%20',
      headers: { host: 'shop.example:8443', 'spillway-time': '7' },
      parameters: { channelId: 'abc' },
      body: '{"ü":1}',
    });
    const { body, ...rest } = apiRequest(event);
    expect(rest).toEqual({
      method: 'POST',
      host: 'shop.example:8443',
      path: '/channels/abc/refund?a=1&b=%20',
      headers: { host: 'shop.example:8443', 'spillway-time': '7' },
      parameters: { channelId: 'abc' },
    });
    expect(text(body)).toBe('{"ü":1}');
  });

  test('without body, query, parameters and Host header', () => {
    const { host, path, parameters, body } = apiRequest(apiEvent({ path: '/shop', headers: {} }));
    expect([host, path, parameters, body.length]).toEqual(['shop.example', '/shop', {}, 0]);
  });

  test('has a base64 body decoded, to the same bytes', () => {
    const bytes = Uint8Array.from({ length: 256 }, (_, index) => index);
    const body = Buffer.from(bytes).toString('base64');
    expect(new Uint8Array(apiRequest(apiEvent({ body, isBase64Encoded: true })).body)).toEqual(bytes);
  });

  test.each([
    ['prod', '/prod/shop', '/shop'],
    ['prod', '/prod/channels/prod/close', '/channels/prod/close'],
    ['prod', '/production/shop', '/production/shop'],
    ['$default', '/$default/shop', '/$default/shop'],
    ['$default', '/shop', '/shop'],
  ])('on stage %s has the path %s without its prefix', (stage, path, expected) => {
    expect(apiRequest(apiEvent({ stage, path })).path).toBe(expected);
  });

  test('has a body of 16 KiB at most, counted in bytes and after base64', () => {
    expect(MAX_BODY_BYTES).toBe(16_384);
    const most = 'x'.repeat(16_384);
    expect(apiRequest(apiEvent({ body: most })).body).toHaveLength(16_384);
    expect(refusal(() => apiRequest(apiEvent({ body: `${most}x` })))).toBe('body-too-large: 16385 bytes');
    expect(refusal(() => apiRequest(apiEvent({ body: 'ü'.repeat(8_193) })))).toBe(
      'body-too-large: 16386 bytes',
    );
    const encoded = (length: number): Partial<APIGatewayProxyEventV2> => ({
      body: Buffer.alloc(length).toString('base64'),
      isBase64Encoded: true,
    });
    expect(apiRequest({ ...apiEvent({}), ...encoded(16_384) }).body).toHaveLength(16_384);
    expect(refusal(() => apiRequest({ ...apiEvent({}), ...encoded(16_385) }))).toBe(
      'body-too-large: 16385 bytes',
    );
  });
});

describe('a body', () => {
  const outpoint = { txid: 'ab'.repeat(32), vout: 0 };

  test('is taken in the form of the schema alone', () => {
    expect(parseBody(outpointBody, json({ outpoint }))).toEqual({ outpoint });
  });

  test.each<[string, unknown, RegExp]>([
    ['an unknown field', { outpoint, more: 1 }, /^malformed-request: more: /],
    [
      'an unknown field inside',
      { outpoint: { ...outpoint, more: 1 } },
      /^malformed-request: outpoint.more: /,
    ],
    ['a missing field', {}, /^malformed-request: outpoint: /],
    [
      'a txid in upper case',
      { outpoint: { ...outpoint, txid: 'AB'.repeat(32) } },
      /^malformed-request: outpoint.txid: must be 32 bytes in lower-case hex$/,
    ],
    ['a negative index', { outpoint: { ...outpoint, vout: -1 } }, /^malformed-request: outpoint.vout: /],
    ['half an index', { outpoint: { ...outpoint, vout: 0.5 } }, /^malformed-request: outpoint.vout: /],
    [
      'an index that no transaction has',
      { outpoint: { ...outpoint, vout: 12_001 } },
      /^malformed-request: outpoint.vout: /,
    ],
    ['an index as text', { outpoint: { ...outpoint, vout: '0' } }, /^malformed-request: outpoint.vout: /],
    ['null', null, /^malformed-request: body: /],
    ['a list', [outpoint], /^malformed-request: /],
  ])('with %s is refused', (_, value, reason) => {
    expect(refusal(() => parseBody(outpointBody, json(value)))).toMatch(reason);
  });

  test.each<[string, Uint8Array]>([
    ['is empty', new Uint8Array(0)],
    ['is no JSON', new TextEncoder().encode('{"outpoint":')],
    ['is no UTF-8', Uint8Array.of(0x22, 0xff, 0x22)],
  ])('that %s is refused', (_, bytes) => {
    expect(refusal(() => parseBody(outpointBody, bytes))).toBe(
      'malformed-request: body: is not JSON in UTF-8',
    );
  });

  test('with a prototype in it pollutes none', () => {
    const bytes = new TextEncoder().encode(
      '{"outpoint":{"txid":"00","vout":0},"__proto__":{"polluted":true}}',
    );
    expect(refusal(() => parseBody(outpointBody, bytes))).toMatch(/^malformed-request/);
    expect('polluted' in {}).toBe(false);
  });
});

test('a field is named where it is refused', () => {
  expect(refusal(() => parseField(v.string(), undefined, 'chunk'))).toMatch(/^malformed-request: chunk: /);
});
