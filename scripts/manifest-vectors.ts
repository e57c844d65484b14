import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import { HASHED_MANIFEST_FORMAT, MANIFEST_FORMAT } from '../shared/dataset/manifest.ts';
import { canonicalBytes } from '../shared/protocol/canonical-json.ts';
import { sha256 } from '../shared/protocol/hashes.ts';

/** A manifest in each of its formats. */
export const manifestDocuments = [
  manifestDocument(MANIFEST_FORMAT),
  manifestDocument(HASHED_MANIFEST_FORMAT),
];

/** Two files, one of them empty, in one chunk of one segment. */
function manifestDocument(format: string) {
  const data = utf8ToBytes('spillway test vector: data\n');
  const digest = bytesToHex(sha256(data));
  const hashed = format === HASHED_MANIFEST_FORMAT;
  const files = [
    { path: 'a/empty.txt', size: 0, ...(hashed && { sha256: bytesToHex(sha256(new Uint8Array(0))) }) },
    { path: 'a/Größe.txt', size: data.length, ...(hashed && { sha256: digest }) },
  ];
  const shape = { totalSize: data.length, chunkSize: data.length, segmentSize: data.length };
  const chunks = [{ root: bytesToHex(sha256(sha256(data))), segments: [digest] }];
  const texts = { name: 'Wetter ☔', description: 'two files', licence: 'CC0-1.0' };
  const bytes = canonicalBytes({ format, ...texts, files, ...shape, chunks });
  return { text: new TextDecoder().decode(bytes), id: bytesToHex(sha256(bytes)) };
}
