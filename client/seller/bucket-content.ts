import { createHash } from 'node:crypto';
import { basename } from 'node:path/posix';
import { type FileSpan, fileStarts, filesOfSpan, type Span } from '../../shared/dataset/layout.ts';
import {
  type ObjectSource,
  type ObjectUploader,
  SourceChanged,
  type SourceObject,
} from '../../shared/dataset/objects.ts';
import type { Content, Passage } from './content.ts';
import { PublishRefused } from './publish-error.ts';
import { segmentBuffers } from './segment-buffers.ts';
import { spanInMemory } from './send-part.ts';
import { orderFiles } from './source-files.ts';

/** S3 copies a range only of a larger object ("UploadPartCopy", x-amz-copy-source-range, API reference), bytes. */
const LARGEST_UNRANGED = 5 * 1024 * 1024;

const ADDRESS = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])\/(.*)$/s;

interface SourceFile {
  readonly path: string;
  readonly size: number;
  readonly object: SourceObject;
}

/**
 * An object of a bucket, or all below a prefix that ends in a slash. The store copies what lies within one object by
 * itself; only segments in which objects meet, or parts of objects too small for a range, are read and sent.
 * @param address `s3://bucket/key` or `s3://bucket/prefix/`
 * @throws PublishRefused where no dataset can be made of it
 */
export async function bucketContent(
  address: string,
  source: ObjectSource,
  objects: Pick<ObjectUploader, 'putPart' | 'copyPart'>,
): Promise<Content> {
  const [, bucket, key] = ADDRESS.exec(address) ?? [];
  if (bucket === undefined || key === undefined) {
    throw new PublishRefused(`${address} is not of the form s3://bucket/key or s3://bucket/prefix/`);
  }
  const files = await listFiles(source, bucket, key);
  orderFiles(files, address);
  const starts = fileStarts(files);
  const buffers = segmentBuffers();
  const fileOf = (piece: FileSpan): SourceFile => {
    const file = files[piece.file];
    if (!file) throw new RangeError(`there is no file ${piece.file}`);
    return file;
  };
  const copied = (span: Span) => copyOf(filesOfSpan(starts, span), fileOf);
  async function read(span: Span): Promise<Uint8Array> {
    const bytes = buffers.lend(span.length);
    for (const piece of filesOfSpan(starts, span)) {
      const part = bytes.subarray(piece.at, piece.at + piece.length);
      await refusingChanges(() => source.read(fileOf(piece).object, piece.offset, part));
    }
    return bytes;
  }
  const bridge = async (span: Span) => spanInMemory(objects, buffers, await read(span));
  const passage: Passage = {
    take: async (span) => {
      const copy = copied(span);
      return {
        hash: async () => (await bridge(span)).hash(),
        send: async (target, there) =>
          copy
            ? refusingChanges(() => objects.copyPart(target, copy.object, copy.range))
            : (await bridge(span)).send(target, there),
      };
    },
    pass: async () => {},
    fileHashes: () => undefined,
  };
  return {
    name: basename(key) || bucket,
    place: address,
    files,
    fingerprint: fingerprint(files),
    readable: false,
    passage: () => passage,
    transferred: (span) => (copied(span) ? 0 : span.length),
    // Each byte was copied or read under the tag that was listed, so what comes later changes nothing.
    checkUnchanged: async () => {},
  };
}

async function listFiles(source: ObjectSource, bucket: string, key: string): Promise<SourceFile[]> {
  if (key === '' || key.endsWith('/')) {
    const objects = await source.list(bucket, key);
    // What consoles put where a folder shall be seen.
    const files = objects.filter((object) => !(object.size === 0 && object.key.endsWith('/')));
    return files.map((object) => asFile(object, object.key.slice(key.length)));
  }
  const object = await source.find(bucket, key);
  if (!object) {
    throw new PublishRefused(`s3://${bucket}/${key} is not there; a prefix ends in a slash`);
  }
  return [asFile(object, basename(key))];
}

function asFile(object: SourceObject, path: string): SourceFile {
  return { path: path.normalize('NFC'), size: object.size, object };
}

/** How the store can build a segment by itself, or undefined. */
function copyOf(
  pieces: readonly FileSpan[],
  fileOf: (piece: FileSpan) => SourceFile,
): { readonly object: SourceObject; readonly range?: { offset: number; length: number } } | undefined {
  const [piece] = pieces;
  if (!piece || pieces.length > 1) return undefined;
  const { object } = fileOf(piece);
  if (piece.length === object.size) return { object };
  if (object.size <= LARGEST_UNRANGED) return undefined;
  return { object, range: { offset: piece.offset, length: piece.length } };
}

function fingerprint(files: readonly SourceFile[]): string {
  const hash = createHash('sha256');
  for (const { path, size, object } of files)
    hash.update(JSON.stringify([path, size, object.key, object.tag]));
  return hash.digest('hex');
}

async function refusingChanges<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof SourceChanged)
      throw new PublishRefused(`${error.message} changed while it was published`);
    throw error;
  }
}
