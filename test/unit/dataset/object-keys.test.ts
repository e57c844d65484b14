import { checksumsKey, chunkKey, croissantKey, manifestKey } from '../../../shared/dataset/object-keys.ts';

const folder = '0123456789abcdef0123456789abcdef';

test('objects are below their dataset', () => {
  expect(manifestKey(folder)).toBe(`datasets/${folder}/manifest.json`);
  expect(checksumsKey(folder)).toBe(`datasets/${folder}/SHA256SUMS`);
  expect(croissantKey(folder)).toBe(`datasets/${folder}/croissant.json`);
  expect(chunkKey(folder, 0)).toBe(`datasets/${folder}/chunks/0`);
  expect(chunkKey(folder, 99_999)).toBe(`datasets/${folder}/chunks/99999`);
});

test.each(['', '..', folder.toUpperCase(), `${folder}0`, `${folder}\n`])('%j is no folder', (wrong) => {
  expect(() => manifestKey(wrong)).toThrow('a folder is 32 hex characters');
  expect(() => chunkKey(wrong, 0)).toThrow('a folder is 32 hex characters');
});

test.each([-1, 0.5, Number.NaN, 2 ** 53])("%d is no chunk's number", (chunk) => {
  expect(() => chunkKey(folder, chunk)).toThrow(`${chunk} is no chunk's number`);
});
