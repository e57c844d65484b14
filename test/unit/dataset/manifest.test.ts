import { createHash } from 'node:crypto';
import {
  chunkRoot,
  hashedFiles,
  type Manifest,
  ManifestInvalid,
  manifestBytes,
  manifestId,
  parseManifest,
  signManifest,
  verifyManifest,
} from '../../../shared/dataset/manifest.ts';
import { MAX_MANIFEST_BYTES } from '../../../shared/limits.ts';
import { canonicalBytes } from '../../../shared/protocol/canonical-json.ts';
import { seedSigner } from '../../../shared/signer/seed-signer.ts';
import vectors from '../../vectors/protocol.json';

const MIB = 1024 * 1024;
const sha256 = (data: Uint8Array | string) => createHash('sha256').update(data).digest();
const chunk = (...names: string[]) => ({
  root: sha256(Buffer.concat(names.map(sha256))).toString('hex'),
  segments: names.map((name) => sha256(name).toString('hex')),
});

type PlainManifest = Extract<Manifest, { format: 'spillway-manifest/1' }>;

/** 80 MiB in chunks of 48 MiB: three segments, then two. */
const manifest = (overrides: Partial<PlainManifest> = {}): PlainManifest => ({
  format: 'spillway-manifest/1',
  name: 'Wetter ☔',
  description: 'Messwerte',
  licence: 'CC0-1.0',
  files: [
    { path: 'a/empty', size: 0 },
    { path: 'a/ü.bin', size: 50 * MIB },
    { path: 'b.bin', size: 30 * MIB },
  ],
  totalSize: 80 * MIB,
  chunkSize: 48 * MIB,
  segmentSize: 16 * MIB,
  chunks: [chunk('0', '1', '2'), chunk('3', '4')],
  ...overrides,
});

describe('manifest', () => {
  test('what is written is read', () => {
    const bytes = manifestBytes(manifest());
    expect(parseManifest(bytes)).toEqual(manifest());
    expect(Buffer.from(manifestId(bytes))).toEqual(sha256(bytes));
  });

  test('its bytes are its canonical JSON, keys sorted, nothing else', () => {
    const text = Buffer.from(manifestBytes(manifest())).toString();
    expect(text.startsWith('{"chunkSize":50331648,"chunks":[{"root":"')).toBe(true);
    expect(text.endsWith('"name":"Wetter ☔","segmentSize":16777216,"totalSize":83886080}')).toBe(true);
  });

  test('a chunk root is SHA-256 over the raw segment digests', () => {
    const segments = ['a', 'b'].map(sha256);
    expect(Buffer.from(chunkRoot(segments))).toEqual(sha256(Buffer.concat(segments)));
  });

  test('a dataset of less than 5 MiB may be one chunk of its own size', () => {
    const small = manifest({
      files: [{ path: 'x', size: 1_000 }],
      totalSize: 1_000,
      chunkSize: 1_000,
      segmentSize: 1_000,
      chunks: [chunk('x')],
    });
    expect(parseManifest(manifestBytes(small))).toEqual(small);
  });

  test('chunks smaller than 16 MiB are one segment each', () => {
    const files = [{ path: 'x', size: 9 * MIB }];
    const shape = { files, totalSize: 9 * MIB, chunkSize: 8 * MIB, segmentSize: 8 * MIB };
    const small = manifest({ ...shape, chunks: [chunk('0'), chunk('1')] });
    expect(parseManifest(manifestBytes(small))).toEqual(small);
  });

  test('its second format says of every file its SHA-256', () => {
    const { files, ...rest } = manifest();
    const hashed: Manifest = {
      ...rest,
      format: 'spillway-manifest/2',
      files: files.map((file) => ({ ...file, sha256: sha256(file.path).toString('hex') })),
    };
    const bytes = manifestBytes(hashed);
    expect(parseManifest(bytes)).toEqual(hashed);
    expect(hashedFiles(hashed)).toBe(hashed.files);
    expect(hashedFiles(manifest())).toBeUndefined();
    expect(Buffer.from(bytes).toString()).toContain('{"path":"a/empty","sha256":"');
  });

  test.each(vectors.manifest.documents)('the vector $id is read', ({ text, id }) => {
    expect(sha256(text).toString('hex')).toBe(id);
    expect(Buffer.from(manifestBytes(parseManifest(Buffer.from(text)))).toString()).toBe(text);
  });

  const hash = 'ab'.repeat(32);
  const one = { path: 'x', size: 80 * MIB };
  test.each<[string, Partial<Record<keyof PlainManifest, unknown>>, string]>([
    ['another format', { format: 'spillway-manifest/3' }, 'format: Invalid type'],
    [
      "a file's hash in the first format",
      { files: [{ ...one, sha256: hash }] },
      'files.0.sha256: Invalid key',
    ],
    [
      'a file without its hash in the second',
      {
        format: 'spillway-manifest/2',
        files: [
          { ...one, sha256: hash },
          { path: 'y', size: 0 },
        ],
      },
      'files.1.sha256: Invalid key',
    ],
    [
      "a file's hash that is none",
      { format: 'spillway-manifest/2', files: [{ ...one, sha256: 'AB'.repeat(32) }] },
      'files.0.sha256: must be 32 bytes in lower-case hex',
    ],
    ['no name', { name: '' }, 'name: Invalid length'],
    ['a name too long', { name: 'x'.repeat(201) }, 'name: Invalid length'],
    ['no files', { files: [] }, 'files: Invalid length'],
    ['a negative size', { files: [{ path: 'x', size: -1 }] }, 'files.0.size: Invalid value'],
    ['a broken size', { files: [{ path: 'x', size: 1.5 }] }, 'files.0.size: Invalid integer'],
    ['a size as text', { files: [{ path: 'x', size: '1' }] }, 'files.0.size: Invalid type'],
    ['an unknown field of a file', { files: [{ ...one, mode: 7 }] }, 'files.0.mode: Invalid key'],
    [
      'sizes that do not add up',
      { files: [{ ...one, size: 1 }] },
      'the files add up to 1 bytes, totalSize is 83886080',
    ],
    [
      'a path that leaves the folder',
      { files: [{ ...one, path: '../x' }] },
      'path "../x" has a component \'..\'',
    ],
    ['a path twice', { files: [one, { path: 'X', size: 0 }] }, 'path "X" is there twice, case apart'],
    ['an empty dataset', { files: [{ path: 'x', size: 0 }], totalSize: 0 }, 'totalSize: Invalid value'],
    ['a chunk size below 5 MiB', { chunkSize: 5 * MIB - 1 }, 'chunkSize 5242879 is not allowed'],
    ['a chunk size above 5 GiB', { chunkSize: 5 * 1024 * MIB + 1 }, 'chunkSize: Invalid value'],
    ['another segment size', { segmentSize: 8 * MIB }, 'segmentSize is 8388608, must be 16777216'],
    ['a chunk missing', { chunks: [chunk('0', '1', '2')] }, 'there are 1 chunks, must be 2'],
    [
      'a segment missing',
      { chunks: [chunk('0', '1'), chunk('3', '4')] },
      'chunk 0 has 2 segments, must have 3',
    ],
    [
      'a segment too many',
      { chunks: [chunk('0', '1', '2'), chunk('3', '4', '5')] },
      'chunk 1 has 3 segments, must have 2',
    ],
    [
      'a root of other segments',
      { chunks: [chunk('0', '1', '2'), { ...chunk('3', '4'), root: chunk('4', '3').root }] },
      'chunk 1 has a root that its segments do not hash to',
    ],
    [
      'a hash in upper case',
      { chunks: [chunk('0', '1', '2'), { ...chunk('3', '4'), root: 'AB'.repeat(32) }] },
      'chunks.1.root: must be 32 bytes in lower-case hex',
    ],
  ])('%s is refused', (_, overrides, reason) => {
    const bytes = canonicalBytes({ ...manifest(), ...(overrides as Partial<PlainManifest>) });
    expect(() => parseManifest(bytes)).toThrow(ManifestInvalid);
    expect(() => parseManifest(bytes)).toThrow(reason);
  });

  test.each([
    ['white space', (text: string) => `${text}\n`],
    [
      'another order of keys',
      (text: string) => text.replace(/^\{("chunkSize":\d+),/, '{').replace(/\}$/, ',"chunkSize":50331648}'),
    ],
    ['a key twice', (text: string) => text.replace('{"chunkSize"', '{"chunkSize":1,"chunkSize"')],
    ['no JSON', () => 'manifest'],
  ])('%s is refused', (_, spoil) => {
    const text = Buffer.from(manifestBytes(manifest())).toString();
    expect(spoil(text)).not.toBe(text);
    expect(() => parseManifest(Buffer.from(spoil(text)))).toThrow('the bytes are not JSON in RFC 8785 form');
  });

  test('more bytes than a manifest may have are refused unread', () => {
    expect(() => parseManifest(new Uint8Array(MAX_MANIFEST_BYTES + 1))).toThrow(
      'the manifest is larger than 67108864 bytes',
    );
  });

  test('what no reader would accept is not written', () => {
    expect(() => manifestBytes(manifest({ totalSize: 1 }))).toThrow(ManifestInvalid);
    expect(() => manifestBytes(manifest({ name: '' }))).toThrow(ManifestInvalid);
  });

  test("the seller's signature is of this manifest and by this key alone", async () => {
    const [seller, other] = [seedSigner(new Uint8Array(32).fill(7)), seedSigner(new Uint8Array(32).fill(8))];
    const id = manifestId(manifestBytes(manifest()));
    const signature = await signManifest(seller, id);
    expect(verifyManifest(await seller.publicKey(), id, signature)).toBe(true);
    expect(verifyManifest(await other.publicKey(), id, signature)).toBe(false);
    expect(verifyManifest(await seller.publicKey(), manifestId(new Uint8Array()), signature)).toBe(false);
  });
});
