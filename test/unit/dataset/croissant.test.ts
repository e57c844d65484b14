import { croissantLines } from '../../../shared/dataset/croissant.ts';
import { parseManifest } from '../../../shared/dataset/manifest.ts';
import vectors from '../../vectors/protocol.json';

const [plain, hashed] = vectors.manifest.documents.map(({ text }) => parseManifest(Buffer.from(text)));
if (!plain || !hashed) throw new Error('the vectors hold both formats');
const place = { manifestId: 'ab'.repeat(32), base: '../../', url: 'https://shop.example/datasets/x' };

test('a description is a schema.org Dataset that conforms to Croissant', () => {
  expect(JSON.parse([...croissantLines(hashed, place)].join(''))).toEqual({
    '@context': {
      '@language': 'en',
      '@vocab': 'https://schema.org/',
      conformsTo: 'dct:conformsTo',
      cr: 'http://mlcommons.org/croissant/',
      dct: 'http://purl.org/dc/terms/',
      sc: 'https://schema.org/',
    },
    '@type': 'sc:Dataset',
    conformsTo: 'http://mlcommons.org/croissant/1.0',
    name: 'Wetter ☔',
    description: 'two files',
    license: 'CC0-1.0',
    url: 'https://shop.example/datasets/x',
    identifier: `sha256:${'ab'.repeat(32)}`,
    contentSize: '27 B',
    distribution: [
      {
        '@type': 'cr:FileObject',
        '@id': 'a/empty.txt',
        name: 'a/empty.txt',
        contentUrl: '../../a/empty.txt',
        contentSize: '0 B',
        encodingFormat: 'text/plain',
        sha256: 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
      },
      {
        '@type': 'cr:FileObject',
        '@id': 'a/Gr%C3%B6%C3%9Fe.txt',
        name: 'a/Größe.txt',
        contentUrl: '../../a/Gr%C3%B6%C3%9Fe.txt',
        contentSize: '27 B',
        encodingFormat: 'text/plain',
        sha256: '0a40bf0f5981046dabe925550980a5401a18898365675ceafdf59845871df2d3',
      },
    ],
  });
});

test('what a manifest does not say is not made up', () => {
  const bare = { ...plain, description: '', licence: '' };
  const description = JSON.parse([...croissantLines(bare, { manifestId: 'x', base: '' })].join(''));
  expect(description).not.toHaveProperty('description');
  expect(description).not.toHaveProperty('license');
  expect(description).not.toHaveProperty('url');
  expect(description.distribution[1]).not.toHaveProperty('sha256');
  expect(description.distribution[1].contentUrl).toBe('a/Gr%C3%B6%C3%9Fe.txt');
});
