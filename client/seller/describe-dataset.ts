import { type Shape, type SizedFile, segmentCount } from '../../shared/dataset/layout.ts';
import {
  chunkRoot,
  HASHED_MANIFEST_FORMAT,
  MANIFEST_FORMAT,
  type Manifest,
  segmentSizeFor,
} from '../../shared/dataset/manifest.ts';
import {
  MAX_DESCRIPTION_CHARACTERS,
  MAX_LICENCE_CHARACTERS,
  MAX_MANIFEST_BYTES,
  MAX_NAME_CHARACTERS,
} from '../../shared/limits.ts';
import { chunkCount } from '../../shared/protocol/price.ts';
import { chunkSizeProblem, suitableChunkSize } from './chunk-size.ts';
import { PublishRefused } from './publish-error.ts';

/** What a person reads about a dataset. */
export interface DatasetTexts {
  readonly name: string;
  readonly description: string;
  readonly licence: string;
}

/** A file's hash in JSON with its name; a segment's; what is around a chunk's root and its segments. */
const FILE_HASH_JSON_BYTES = 76;
const SEGMENT_JSON_BYTES = 67;
const CHUNK_JSON_BYTES = 100;

/**
 * How files are cut, so that everything that would make the manifest invalid is found before a byte is uploaded.
 * @param chunkSize what the seller asks for, bytes
 * @throws PublishRefused where the dataset cannot be cut like that or described in one manifest
 */
export function shapeOf(files: readonly SizedFile[], chunkSize: number | undefined): Shape {
  const totalSize = files.reduce((sum, file) => sum + file.size, 0);
  const size = chunkSize ?? suitableChunkSize(totalSize);
  const problem = chunkSizeProblem(size, totalSize);
  if (problem) throw new PublishRefused(`a chunk size of ${size} bytes does not do: ${problem}`);
  const shape = { totalSize, chunkSize: size, segmentSize: segmentSizeFor(size) };
  const chunks = chunkCount(shape);
  const list = JSON.stringify(files.map(({ path, size }) => ({ path, size })));
  const bytes =
    Buffer.byteLength(list) +
    files.length * FILE_HASH_JSON_BYTES +
    chunks * (CHUNK_JSON_BYTES + segmentCount(shape, 0) * SEGMENT_JSON_BYTES);
  if (bytes > MAX_MANIFEST_BYTES) {
    throw new PublishRefused('the dataset is too large for one manifest: publish it in parts');
  }
  return shape;
}

/** @throws PublishRefused where a text is too long for a manifest */
export function checkTexts(texts: DatasetTexts): void {
  if (texts.name === '') throw new PublishRefused('the dataset needs a name');
  const bounds = {
    name: MAX_NAME_CHARACTERS,
    description: MAX_DESCRIPTION_CHARACTERS,
    licence: MAX_LICENCE_CHARACTERS,
  };
  for (const field of ['name', 'description', 'licence'] as const) {
    if (texts[field].length > bounds[field]) {
      throw new PublishRefused(`the ${field} is longer than ${bounds[field]} characters`);
    }
    if (!texts[field].isWellFormed()) throw new PublishRefused(`the ${field} is not valid Unicode`);
  }
}

/**
 * @param chunks the raw hashes of every chunk's segments
 * @param fileHashes SHA-256 of every file, raw; undefined where nobody read them whole
 */
export function manifestOf(
  texts: DatasetTexts,
  files: readonly SizedFile[],
  shape: Shape,
  chunks: readonly (readonly Uint8Array[])[],
  fileHashes: readonly Uint8Array[] | undefined,
): Manifest {
  const common = {
    name: texts.name,
    description: texts.description,
    licence: texts.licence,
    totalSize: shape.totalSize,
    chunkSize: shape.chunkSize,
    segmentSize: shape.segmentSize,
    chunks: chunks.map((segments) => ({ root: hex(chunkRoot(segments)), segments: segments.map(hex) })),
  };
  const plain = files.map(({ path, size }) => ({ path, size }));
  if (!fileHashes) return { format: MANIFEST_FORMAT, files: plain, ...common };
  const hashed = plain.map((file, index) => ({ ...file, sha256: hex(fileHashes[index]) }));
  return { format: HASHED_MANIFEST_FORMAT, files: hashed, ...common };
}

function hex(bytes: Uint8Array | undefined): string {
  if (!bytes) throw new RangeError('a hash is missing');
  return Buffer.from(bytes).toString('hex');
}
