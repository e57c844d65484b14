import { request } from 'node:http';
import type { ConsoleCall } from '../../../../client/console/console-calls.ts';
import { type ConsoleServer, startConsole } from '../../../../client/console/console-server.ts';
import { MAX_BODY_BYTES } from '../../../../shared/limits.ts';

const asked: object[] = [];
const call = (method: ConsoleCall['method']): ConsoleCall => ({
  method,
  async run(body) {
    asked.push(body);
    return { status: 200, document: { satoshis: 5n } };
  },
});
const calls = new Map([
  ['report', call('GET')],
  ['price', call('POST')],
]);
const page = new Map([['/', { type: 'text/html; charset=utf-8', body: Buffer.from('<p>console') }]]);

let console: ConsoleServer;
let token: string;
beforeEach(async () => {
  asked.length = 0;
  console = await startConsole(calls, page);
  token = new URL(console.address).hash.slice(1);
});
afterEach(() => console.stop());

interface Sent {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** Not by `fetch`, which sets Host and Origin itself. */
function send(path: string, { method = 'GET', headers = {}, body }: Sent = {}) {
  return new Promise<{ status: number; headers: Record<string, unknown>; text: string }>(
    (resolve, reject) => {
      const sent = request(`${console.url}${path}`, { method, headers }, async (answer) => {
        const parts: Uint8Array[] = [];
        for await (const part of answer) parts.push(part);
        const text = Buffer.concat(parts).toString();
        resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text });
      });
      sent.once('error', reject);
      sent.end(body);
    },
  );
}

const JSON_TYPE = { 'content-type': 'application/json' };
const post = (path: string, body: unknown, headers = {}) =>
  send(path, { method: 'POST', headers: { ...JSON_TYPE, ...headers }, body: JSON.stringify(body) });

async function key(): Promise<string> {
  const { status, text } = await post('/api/session', { token });
  expect(status).toBe(200);
  return JSON.parse(text).key;
}
const bearer = (secret: string) => ({ authorization: `Bearer ${secret}` });

test('the token of the address opens one session, once', async () => {
  expect(console.address).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/#[\w-]{43}$/);
  const secret = await key();
  expect(secret).toMatch(/^[\w-]{43}$/);
  expect(secret).not.toBe(token);
  expect((await post('/api/session', { token })).status).toBe(403);
  const { status, text } = await send('/api/report', { headers: bearer(secret) });
  expect([status, text]).toEqual([200, '{"satoshis":"5"}']);
  expect((await send('/api/report', { headers: bearer(token) })).status).toBe(401);
});

test.each([[{}], [{ token: '' }], [{ token: 5 }], [{ token: 'x'.repeat(43) }], [['token']]])(
  'the token %j opens none, and the right one still does',
  async (body) => {
    expect((await post('/api/session', body)).status).toBe(403);
    await key();
  },
);

test('before a session is open, and with another key, nothing is told', async () => {
  expect((await send('/api/report')).status).toBe(401);
  for (const guess of ['', 'x', 'x'.repeat(43), token, 'undefined']) {
    expect((await send('/api/report', { headers: bearer(guess) })).status).toBe(401);
  }
  const secret = await key();
  for (const authorization of [secret, `Basic ${secret}`, `Bearer ${secret}x`, `Bearer ${secret.slice(1)}`]) {
    const { status, text } = await send('/api/report', { headers: { authorization } });
    expect([status, text]).toEqual([401, expect.stringContaining('it works once, in one tab')]);
  }
  expect((await post('/api/price', {}, {})).status).toBe(401);
  expect(asked).toEqual([]);
});

test.each(['localhost', 'evil.example', '127.0.0.1', '127.0.0.1:1', '[::1]'])(
  'under the name %s even the page is not served: that is DNS rebinding',
  async (host) => {
    expect((await send('/', { headers: { host } })).status).toBe(421);
    const headers = { ...bearer(await key()), host };
    expect((await send('/api/report', { headers })).status).toBe(421);
    expect(asked).toEqual([]);
  },
);

test('another page gets nothing, with whatever key, and no leave to ask', async () => {
  const headers = bearer(await key());
  for (const origin of [
    'http://evil.example',
    'null',
    'http://127.0.0.1:1',
    `https://${new URL(console.url).host}`,
  ]) {
    const { status, headers: answered } = await post('/api/price', {}, { ...headers, origin });
    expect(status).toBe(403);
    expect(Object.keys(answered).filter((name) => name.startsWith('access-control'))).toEqual([]);
    expect((await send('/api/session', { method: 'POST', headers: { origin } })).status).toBe(403);
  }
  for (const site of ['cross-site', 'same-site']) {
    expect((await send('/', { headers: { 'sec-fetch-site': site } })).status).toBe(403);
  }
  const preflight = { origin: 'http://evil.example', 'access-control-request-method': 'POST' };
  expect((await send('/api/price', { method: 'OPTIONS', headers: preflight })).status).toBe(403);
  expect(asked).toEqual([]);
  const ours = { ...headers, origin: console.url, 'sec-fetch-site': 'same-origin' };
  expect((await post('/api/price', { pricePerChunk: '5' }, ours)).status).toBe(200);
  expect(asked).toEqual([{ pricePerChunk: '5' }]);
});

test.each([
  ['/', 'POST', 'GET'],
  ['/', 'HEAD', 'GET'],
  ['/api/report', 'POST', 'GET'],
  ['/api/price', 'GET', 'POST'],
  ['/api/price', 'PUT', 'POST'],
  ['/api/session', 'GET', 'POST'],
])('%s by %s is refused: only %s', async (path, method, allowed) => {
  const { status, headers } = await send(path, { method, headers: { ...JSON_TYPE, ...bearer(await key()) } });
  expect([status, headers.allow]).toEqual([405, allowed]);
  expect(asked).toEqual([]);
});

test.each(['/api/none', '/api/', '/api', '/none', '/../package.json', '//', '/?x', '/api/report?x'])(
  'there is nothing at %s',
  async (path) => {
    expect((await send(path, { headers: bearer(await key()) })).status).toBe(404);
  },
);

test('only JSON is read, an object, and no more of it than any request needs', async () => {
  const headers = bearer(await key());
  const asText = { method: 'POST', headers: { ...headers, 'content-type': 'text/plain' }, body: '{}' };
  expect((await send('/api/price', asText)).status).toBe(415);
  expect((await send('/api/session', { method: 'POST', body: '{}' })).status).toBe(415);
  const large = { description: 'x'.repeat(MAX_BODY_BYTES) };
  expect((await post('/api/price', large, headers)).status).toBe(413);
  for (const body of ['', '{', '5', 'null', '"x"']) {
    const sent = { method: 'POST', headers: { ...headers, ...JSON_TYPE }, body };
    expect((await send('/api/price', sent)).status).toBe(413);
  }
  expect(asked).toEqual([]);
});

test('a request that breaks off brings nothing down', async () => {
  const headers = { ...JSON_TYPE, ...bearer(await key()), 'content-length': '100' };
  await new Promise((resolve) => {
    const sent = request(`${console.url}/api/price`, { method: 'POST', headers });
    sent.once('error', resolve);
    sent.write('{"dataset"', () => setImmediate(() => sent.destroy(new Error('gone'))));
  });
  expect((await send('/')).status).toBe(200);
  expect(asked).toEqual([]);
});

test('the page runs its own code alone, is framed by nobody and kept nowhere', async () => {
  const { status, headers, text } = await send('/');
  expect([status, text]).toEqual([200, '<p>console']);
  expect(headers).toMatchObject({
    'content-security-policy': expect.stringMatching(
      /^default-src 'none'; script-src 'self'; .*frame-ancestors 'none'$/,
    ),
    'x-content-type-options': 'nosniff',
    'cache-control': 'no-store',
    'referrer-policy': 'no-referrer',
    'cross-origin-resource-policy': 'same-origin',
  });
});
