import { proxyAuthorization, proxyFor } from '../../../../client/buyer/transfer/proxy.ts';

const PROXY = 'http://proxy:3128';
const through = (server: string, environment: Record<string, string>) =>
  proxyFor(new URL(server), environment)?.href;

test.each([
  ['http://a.example', { http_proxy: PROXY }, `${PROXY}/`],
  ['http://a.example', { HTTP_PROXY: PROXY }, `${PROXY}/`],
  ['http://a.example', { http_proxy: 'http://lower:1', HTTP_PROXY: PROXY }, 'http://lower:1/'],
  ['http://a.example', { HTTPS_PROXY: PROXY }, undefined],
  ['https://a.example', { HTTPS_PROXY: PROXY }, `${PROXY}/`],
  ['https://a.example', { https_proxy: 'proxy:3128' }, `${PROXY}/`],
  ['https://a.example', { HTTP_PROXY: PROXY }, undefined],
  ['https://a.example', { https_proxy: '' }, undefined],
])('to %s with %j goes through %s', (server, environment, expected) => {
  expect(through(server, environment)).toBe(expected);
});

test.each([
  ['https://a.example', '*', true],
  ['https://a.example', 'a.example', true],
  ['https://b.a.example', 'a.example', true],
  ['https://b.a.example', '.a.example', true],
  ['https://b.a.example', '*.a.example', true],
  ['https://ba.example', 'a.example', false],
  ['https://a.example', 'b.example, A.EXAMPLE', true],
  ['https://a.example', 'a.example:443', true],
  ['https://a.example:444', 'a.example:443', false],
  ['https://a.example', '', false],
  ['https://a.example', ' , ', false],
  ['https://127.0.0.1:9000', '127.0.0.1', true],
  ['https://[::1]:9000', '::1', true],
  ['https://[::1]:9000', '[::1]:9000', true],
  ['https://[::1]:9000', '[::1]:9001', false],
])('%s is exempt by %j: %s', (server, list, exempt) => {
  expect(through(server, { HTTPS_PROXY: PROXY, NO_PROXY: list }) === undefined).toBe(exempt);
});

test.each(['socks5://proxy:1080', 'https://proxy:3128', 'http://'])(
  'refuses %s, without saying it',
  (address) => {
    const named = address.replace('//', '//user:secret@');
    expect(() => through('https://a.example', { HTTPS_PROXY: named })).toThrow(
      /^HTTPS_PROXY does not name an http:\/\/ proxy\.$/,
    );
  },
);

test('a name and a password in the address prove who asks', () => {
  expect(proxyAuthorization(new URL('http://me:p%40ss@proxy:3128'))).toBe(
    `Basic ${Buffer.from('me:p@ss').toString('base64')}`,
  );
  expect(proxyAuthorization(new URL(PROXY))).toBeUndefined();
});
