import { randomBytes } from 'node:crypto';
import { type Shape, segmentCount, segmentTotal } from '../../shared/dataset/layout.ts';
import { manifestBytes, manifestId } from '../../shared/dataset/manifest.ts';
import { chunkKey } from '../../shared/dataset/object-keys.ts';
import type { StoredPart } from '../../shared/dataset/objects.ts';
import { pathProblem } from '../../shared/dataset/paths.ts';
import { inOrder } from '../../shared/in-order.ts';
import { chunkCount } from '../../shared/protocol/price.ts';
import type { TakenSpan } from './content.ts';
import { SEGMENTS_AT_ONCE } from './dataset-chunks.ts';
import { manifestOf, shapeOf } from './describe-dataset.ts';
import {
  type Draft,
  hex,
  offerDataset,
  type Publication,
  type PublishPorts,
  publication,
  refuseTakenName,
} from './offer-dataset.ts';
import { draftOf, giveUp, type PublishRequest } from './publish.ts';
import { PublishRefused } from './publish-error.ts';
import { publishEstimate } from './publish-estimate.ts';
import { openPublishJournal, type PublishJournal } from './publish-journal.ts';
import { readStream, type StreamReader } from './read-stream.ts';
import { completeChunk, type StoredChunk } from './upload-chunk.ts';

/** Nobody knows beforehand how long a stream is: a gigabyte a payment, as the product says. */
const STREAM_CHUNK_SIZE = 1024 * 1024 * 1024;

export interface StreamRequest extends PublishRequest {
  /** The dataset's, and that of its one file. */
  readonly name: string;
}

interface Streaming {
  readonly ports: PublishPorts;
  readonly request: StreamRequest;
  readonly reader: StreamReader;
  /** Segments in a full chunk. */
  readonly perChunk: number;
}

/**
 * Puts a stream up for sale as one file. It cannot be read twice, so after a failure nothing of it is kept: its uploads are
 * completed only once all of it has come, and given up otherwise.
 * @throws PublishRefused where the seller must change something first
 */
export async function publishStream(
  request: StreamRequest,
  stream: AsyncIterable<Uint8Array>,
  ports: PublishPorts,
): Promise<Publication> {
  const problem = pathProblem(request.name);
  if (problem) {
    const name = JSON.stringify(request.name);
    throw new PublishRefused(`a stream is a file of the dataset's name, and ${name} ${problem}`);
  }
  // What would be refused at the end is refused before anything is read.
  const { shape } = draftOfSize({ ports, request }, chunkSizeOf(request) + 1);
  await refuseTakenName(ports.datasets, request.name, undefined);
  const reader = readStream(stream, shape.segmentSize, ports.objects);
  const streaming = { ports, request, reader, perChunk: segmentCount(shape, 0) };
  return request.dryRun ? dryRun(streaming) : uploadAndOffer(streaming);
}

async function dryRun(streaming: Streaming): Promise<Publication> {
  const { ports, reader } = streaming;
  ports.onProgress?.({ type: 'hashing' });
  const hashes: Uint8Array[] = [];
  await eachSegment(streaming, async (index, taken) => {
    hashes[index] = await taken.hash();
  });
  const draft = draftOfSize(streaming, reader.size());
  const { texts, files, shape } = draft;
  const manifest = manifestOf(texts, files, shape, inChunks(shape, hashes), [reader.hash()]);
  const estimate = publishEstimate(shape, (span) => span.length);
  return publication(draft, 'dry-run', { manifest: hex(manifestId(manifestBytes(manifest))), estimate });
}

async function uploadAndOffer(streaming: Streaming): Promise<Publication> {
  const { ports, request } = streaming;
  // It is never gone on with: it knows what a publication under this name that was killed has left.
  const journal = await openPublishJournal(
    ports.stateFolder,
    JSON.stringify(['-', request.name, ports.shop]),
    { fingerprint: hex(randomBytes(32)), chunkSize: chunkSizeOf(request), folder: hex(randomBytes(16)) },
  );
  const { folder, abandoned } = journal;
  try {
    await giveUp(ports, abandoned.folder, abandoned.uploads);
    ports.onProgress?.({ type: 'uploading', folder, resumed: false });
    const result = await uploadInto(journal, streaming);
    await journal.remove();
    return result;
  } catch (error) {
    await giveUp(ports, folder, journal.uploads).then(
      () => journal.remove(),
      () => journal.close(),
    );
    ports.onProgress?.({ type: 'given-up', folder, chunks: journal.stored.size });
    throw error;
  }
}

async function uploadInto(journal: PublishJournal, streaming: Streaming): Promise<Publication> {
  const { ports, reader, perChunk } = streaming;
  const { folder } = journal;
  const parts: StoredPart[] = [];
  const uploads: Promise<string>[] = [];
  const begin = async (chunk: number): Promise<string> => {
    const upload = await ports.objects.startParts(chunkKey(folder, chunk));
    await journal.started(chunk, upload);
    return upload;
  };
  await eachSegment(streaming, async (index, taken) => {
    const chunk = Math.floor(index / perChunk);
    uploads[chunk] ??= begin(chunk);
    const target = {
      key: chunkKey(folder, chunk),
      upload: await uploads[chunk],
      number: (index % perChunk) + 1,
    };
    parts[index] = await taken.send(target, undefined);
  });
  const draft = draftOfSize(streaming, reader.size());
  const chunks: StoredChunk[] = [];
  for (const [chunk, chunkParts] of inChunks(draft.shape, parts).entries()) {
    const task = { objects: ports.objects, shape: draft.shape, chunk, key: chunkKey(folder, chunk) };
    const stored = await completeChunk(task, (await uploads[chunk]) ?? '', chunkParts);
    await journal.finished(chunk, stored);
    chunks.push(stored);
    ports.onProgress?.({ type: 'chunk', chunk, chunks: chunkCount(draft.shape), reused: false });
  }
  return offerDataset(ports, draft, folder, chunks, [reader.hash()]);
}

async function eachSegment(
  { ports, request, reader, perChunk }: Streaming,
  work: (index: number, taken: TakenSpan) => Promise<void>,
): Promise<void> {
  let done = 0;
  await inOrder(Number.POSITIVE_INFINITY, SEGMENTS_AT_ONCE, async (index) => {
    const before = reader.size();
    const taken = await reader.next();
    if (!taken) return undefined;
    // A stream that is longer than a dataset may be is noticed when it is, not at its end.
    if (index % perChunk === 0) draftOfSize({ ports, request }, reader.size());
    const length = reader.size() - before;
    return async () => {
      await work(index, taken);
      done += length;
      ports.onProgress?.({ type: 'bytes', done });
    };
  });
  if (reader.size() === 0) throw new PublishRefused('there is not one byte to sell in the stream');
}

function chunkSizeOf({ chunkSize = STREAM_CHUNK_SIZE }: StreamRequest): number {
  return chunkSize;
}

function draftOfSize({ ports, request }: Pick<Streaming, 'ports' | 'request'>, size: number): Draft {
  const files = [{ path: request.name, size }];
  return draftOf(request, request.name, files, shapeOf(files, chunkSizeOf(request)), ports.prices);
}

/** One list for all segments, cut where chunks end. */
function inChunks<T>(shape: Shape, segments: readonly T[]): T[][] {
  const each = segmentCount(shape, 0);
  if (segments.length !== segmentTotal(shape)) throw new RangeError('a segment is missing');
  return Array.from({ length: chunkCount(shape) }, (_, chunk) =>
    segments.slice(chunk * each, (chunk + 1) * each),
  );
}
