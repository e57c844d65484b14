import { formatByteSize, parseByteSize } from '../../../../client/cli/byte-size.ts';

test.each([
  ['512', 512],
  ['512B', 512],
  ['8MiB', 8 * 2 ** 20],
  ['8 MiB', 8 * 2 ** 20],
  ['1GiB', 2 ** 30],
  ['1GB', 1e9],
])('%s is %d bytes', (text, bytes) => {
  expect(parseByteSize(text)).toBe(bytes);
});

test.each(['', 'MiB', '-1', '1.5GiB', '8mib', '8 Mib', '999999999999999TiB'])('%j is no size', (text) => {
  expect(parseByteSize(text)).toBeUndefined();
});

test.each([
  [0, '0 B'],
  [1023, '1023 B'],
  [8 * 2 ** 20, '8 MiB'],
  [100_000_000, '95.4 MiB'],
  [2 ** 40, '1 TiB'],
])('%d bytes read as %s', (bytes, text) => {
  expect(formatByteSize(bytes)).toBe(text);
});
