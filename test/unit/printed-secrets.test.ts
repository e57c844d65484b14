import { checkPrinted, learnSecret, secretIn, takePrintedSecrets } from '../support/printed-secrets.ts';

const WORDS = 'abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about';
const HEX = '0123456789abcdef'.repeat(8);
const LINK = `https://objects.example/chunk?X-Amz-Expires=900&X-Amz-Signature=${HEX.slice(0, 64)}`;

test.each([
  ['a presigned link', LINK],
  ['a presigned link', `in a link: ${encodeURIComponent(LINK)}`],
  ['a session token', 'https://objects.example/chunk?X-Amz-Security-Token=IQoJb3Jp'],
  ['a signed request to AWS', 'authorization: AWS4-HMAC-SHA256 Credential=AKIA/20261126'],
  ['64 bytes in hex, as signatures are', `{"spillway-signature":"${HEX}"}`],
  ['the password in an address', 'http://user:password@127.0.0.1:18443'],
  [
    'an extended secret key',
    `xprv9s21ZrQH143K3QTDL4LXw2F7HEK3wJUD2nW2nRk4stbPy6cq3jPPqjiChkVvvNKmPGJxWUtg6LnF5kejMRNNU3TGtRBeJgk33yuGBxrMPHi`,
  ],
  ["a wallet's words", `{"mnemonic":"${WORDS}"}`],
])('is seen: %s', (name, text) => {
  expect(secretIn(text)).toBe(name);
});

test.each([
  ['a transaction’s id', HEX.slice(0, 64)],
  ['a transaction', `${HEX}00`],
  ['an address without a password', 'http://127.0.0.1:18443/path?a=b:c@d'],
  ['a link without its query', LINK.split('?')[0] ?? ''],
  ['the example in the help', 'http://user:password@host:port'],
  ['eleven words', WORDS.slice(8)],
])('is none: %s', (_, text) => {
  expect(secretIn(text)).toBeUndefined();
});

test('what a test has learned is seen as text and as bytes', () => {
  learnSecret('the seller’s key', Uint8Array.of(0xc0, 0xff, 0xee, 0xc0, 0xff, 0xee));
  learnSecret('the key to the store', 'open-sesame');
  expect(secretIn('{"key":"c0ffeec0ffee"}')).toBe('the seller’s key');
  expect(secretIn('is it open-sesame?')).toBe('the key to the store');
});

/** Each leaves its finding, which is taken here: left there, it fails the test. */
test.each<[string, () => void]>([
  ['the console', () => console.log({ event: 'chunk', deep: { url: { of: [LINK] } } })],
  ['standard output', () => void process.stdout.write(LINK)],
  ['standard error', () => void process.stderr.write(Buffer.from(LINK))],
  ['an injected log', () => checkPrinted('chunk', { url: LINK })],
])('is seen on %s, behind a spy of the test’s own', (_, print) => {
  const spies = [
    jest.spyOn(console, 'log').mockImplementation(() => undefined),
    jest.spyOn(process.stdout, 'write').mockImplementation(() => true),
    jest.spyOn(process.stderr, 'write').mockImplementation(() => true),
  ];
  print();
  for (const spy of spies) spy.mockRestore();
  expect(takePrintedSecrets()).toEqual([expect.stringMatching(/^a presigned link in: /)]);
});
