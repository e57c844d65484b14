import { parseResponseHead } from '../../../../client/buyer/transfer/response-head.ts';

const parse = (text: string) => parseResponseHead(Buffer.from(text, 'latin1'));

test('reads the status, the headers and whether the connection stays', () => {
  const head = parse(
    'HTTP/1.1 206 Partial Content\r\nContent-Length: 12\r\nX-Empty:\r\nETag:\t"a b" \r\nx-q: caf\xe9',
  );
  expect(head.status).toBe(206);
  expect([...head.headers]).toEqual([
    ['content-length', '12'],
    ['x-empty', ''],
    ['etag', '"a b"'],
    ['x-q', 'caf\xe9'],
  ]);
  expect(head.keepsAlive).toBe(true);
});

test.each([
  ['HTTP/1.1 200 OK\r\nConnection: close', false],
  ['HTTP/1.1 200 OK\r\nConnection: keep-alive, Close', false],
  ['HTTP/1.1 200 OK\r\nConnection: closely', true],
  ['HTTP/1.0 200 OK', false],
  ['HTTP/1.1 200', true],
])('%j stays: %s', (text, stays) => {
  expect(parse(text).keepsAlive).toBe(stays);
});

test.each([
  ['', 'does not speak HTTP/1.1'],
  ['HTTP/2 200', 'does not speak HTTP/1.1'],
  ['HTTP/1.1  200 OK', 'does not speak HTTP/1.1'],
  ['HTTP/1.1 2000 OK', 'does not speak HTTP/1.1'],
  ['HTTP/1.1 600 OK', 'does not speak HTTP/1.1'],
  ['ICY 200 OK', 'does not speak HTTP/1.1'],
  ['HTTP/1.1 200 OK\r\n', 'sends a malformed header'],
  ['HTTP/1.1 200 OK\r\nNo colon', 'sends a malformed header'],
  ['HTTP/1.1 200 OK\r\nName : value', 'sends a malformed header'],
  ['HTTP/1.1 200 OK\r\n: value', 'sends a malformed header'],
  ['HTTP/1.1 200 OK\r\nA: b\r\n folded', 'sends a malformed header'],
  ['HTTP/1.1 200 OK\r\nA: b\nContent-Length: 1', 'sends a malformed header'],
  ['HTTP/1.1 200 OK\r\nA: b\rc', 'sends a malformed header'],
  ['HTTP/1.1 200 OK\r\nA: b\0c', 'sends a malformed header'],
  ['HTTP/1.1 200 OK\r\nContent-Length: 1\r\ncontent-length: 2', 'sends two headers content-length'],
  ['HTTP/1.1 200 OK\r\nTransfer-Encoding: a\r\nTransfer-Encoding: b', 'sends two headers transfer-encoding'],
])('refuses %j', (text, reason) => {
  expect(() => parse(text)).toThrow(reason);
});
