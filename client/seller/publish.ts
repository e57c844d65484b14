import { createHash, randomBytes } from 'node:crypto';
import { realpath } from 'node:fs/promises';
import { basename } from 'node:path';
import { fileStarts, type Shape, type Span } from '../../shared/dataset/layout.ts';
import {
  type Manifest,
  manifestBytes,
  manifestId,
  signManifest,
  verifyManifest,
} from '../../shared/dataset/manifest.ts';
import { chunkKey, manifestKey } from '../../shared/dataset/object-keys.ts';
import type { ObjectInspector, ObjectUploader } from '../../shared/dataset/objects.ts';
import { MAX_SATOSHIS } from '../../shared/limits.ts';
import { chunkCount } from '../../shared/protocol/price.ts';
import type { Signer } from '../../shared/signer/signer.ts';
import { type Dataset, DatasetConflict, type SellerDatasetStore } from '../../shared/store/dataset-record.ts';
import { type ChunkSource, hashChunks, type PublishEvent, uploadChunks } from './dataset-chunks.ts';
import { describeBeside } from './describe-beside.ts';
import { checkTexts, type DatasetTexts, manifestOf, shapeOf } from './describe-dataset.ts';
import { hashFiles } from './file-hashes.ts';
import { PublishRefused } from './publish-error.ts';
import { openPublishJournal } from './publish-journal.ts';
import { readSpan } from './read-files.ts';
import { checkUnchanged, fingerprint, listSourceFiles, type SourceFile } from './source-files.ts';
import type { StoredChunk } from './upload-chunk.ts';

export interface PublishRequest {
  /** A file or a folder. */
  readonly source: string;
  /** Satoshis for a full chunk. */
  readonly pricePerChunk: bigint;
  /** By default the source's own name. */
  readonly name?: string;
  readonly description?: string;
  readonly licence?: string;
  /** Bytes; by default what suits the dataset. */
  readonly chunkSize?: number;
  /** Computes everything, changes nothing. */
  readonly dryRun?: boolean;
}

export interface PublishPorts {
  readonly objects: ObjectUploader & ObjectInspector;
  readonly datasets: SellerDatasetStore;
  readonly signer: Signer;
  /** Names the shop, so that one source published in two shops is not mixed up. */
  readonly shop: string;
  /** Where interrupted publications are remembered. */
  readonly stateFolder: string;
  readonly onProgress?: (event: PublishEvent) => void;
}

export interface Publication {
  readonly outcome: 'published' | 'already-published' | 'price-changed' | 'back-on-sale' | 'dry-run';
  /** The dataset's id, hex. */
  readonly manifest: string;
  /** Where its objects are; none after a dry run. */
  readonly folder?: string;
  readonly name: string;
  readonly files: number;
  readonly bytes: number;
  readonly chunks: number;
  readonly chunkSize: number;
  readonly pricePerChunk: bigint;
}

/** One publication at work. */
interface Work {
  readonly request: PublishRequest;
  readonly ports: PublishPorts;
  readonly files: readonly SourceFile[];
  readonly shape: Shape;
  readonly texts: DatasetTexts;
  readonly source: ChunkSource;
}

/**
 * Puts a file or folder up for sale. The same content again answers the dataset there is, at the price now asked for. After
 * an interruption the same call goes on where it was.
 * @throws PublishRefused where the seller must change something first
 */
export async function publish(request: PublishRequest, ports: PublishPorts): Promise<Publication> {
  if (request.pricePerChunk < 1n || request.pricePerChunk > MAX_SATOSHIS) {
    throw new PublishRefused('the price is from 1 satoshi to 21 million bitcoin');
  }
  const files = await listSourceFiles(request.source);
  const shape = shapeOf(files, request.chunkSize);
  const texts = {
    name: request.name ?? basename(await realpath(request.source)),
    description: request.description ?? '',
    licence: request.licence ?? '',
  };
  checkTexts(texts);
  const starts = fileStarts(files);
  const onProgress = ports.onProgress ?? (() => {});
  const source = { shape, read: (span: Span) => readSpan(files, starts, span), onProgress };
  const work = { request, ports, files, shape, texts, source };
  onProgress({ type: 'listed', files: files.length, shape, chunks: chunkCount(shape) });
  if (request.dryRun) return publication(work, await hashedId(work), 'dry-run');
  return (await existing(work)) ?? (await uploadAndOffer(work));
}

/** The dataset that holds this content already. Only where one looks like it is all of the source read for that. */
async function existing(work: Work): Promise<Publication | undefined> {
  const { datasets } = work.ports;
  const alike = (dataset: Dataset) =>
    dataset.totalSize === work.shape.totalSize &&
    dataset.chunkSize === work.shape.chunkSize &&
    dataset.name === work.texts.name &&
    dataset.description === work.texts.description &&
    dataset.licence === work.texts.licence;
  if (!(await datasets.list()).some(alike)) return undefined;
  const dataset = await datasets.get(await hashedId(work));
  return dataset && offerAgain(work, dataset);
}

/** The store decides on what it holds: what was read before may be older than a change of its own offer. */
async function offerAgain(work: Work, { manifest, folder }: Dataset): Promise<Publication> {
  const change = await work.ports.datasets.putOnSale(manifest, work.request.pricePerChunk);
  if (!change) throw new Error(`dataset ${manifest} is gone`);
  const { before, now } = change;
  const sameOffer = before.pricePerChunk === now.pricePerChunk ? 'already-published' : 'price-changed';
  const outcome = before.forSaleUntil === undefined ? sameOffer : 'back-on-sale';
  return publication(work, manifest, outcome, folder);
}

/** The id this content has, found by reading it. */
async function hashedId(work: Work): Promise<string> {
  work.ports.onProgress?.({ type: 'hashing' });
  const chunks = await hashChunks(work.source);
  const manifest = await describe(work, chunks);
  await checkUnchanged(work.files);
  return hex(manifestId(manifestBytes(manifest)));
}

async function describe(
  { texts, files, shape, source }: Work,
  chunks: readonly (readonly Uint8Array[])[],
): Promise<Manifest> {
  const fileHashes = await hashFiles(fileStarts(files), source.read);
  return manifestOf(texts, files, shape, chunks, fileHashes);
}

async function uploadAndOffer(work: Work): Promise<Publication> {
  const { ports, request, files, shape } = work;
  const source = JSON.stringify([await realpath(request.source), ports.shop]);
  const journal = await openPublishJournal(ports.stateFolder, source, {
    fingerprint: fingerprint(files),
    chunkSize: shape.chunkSize,
    folder: hex(randomBytes(16)),
  });
  try {
    for (const { folder, chunk, upload } of journal.unfinished) {
      await ports.objects.abortParts(chunkKey(folder, chunk), upload);
    }
    const resumed = journal.stored.size > 0;
    ports.onProgress?.({ type: 'uploading', folder: journal.folder, resumed });
    const chunks = await uploadChunks(work.source, ports.objects, journal);
    const segments = chunks.map((chunk) => chunk.segments);
    const manifest = await describe(work, segments);
    await checkUnchanged(files);
    const result = await offer(work, journal.folder, chunks, manifest);
    await journal.remove();
    return result;
  } catch (error) {
    await journal.close();
    throw error;
  }
}

/** Signs the manifest, uploads it, and makes the dataset known. */
async function offer(
  work: Work,
  folder: string,
  chunks: readonly StoredChunk[],
  manifest: Manifest,
): Promise<Publication> {
  const { ports, texts, shape, request } = work;
  const bytes = manifestBytes(manifest);
  const id = manifestId(bytes);
  await describeBeside(ports.objects, folder, manifest, hex(id));
  const signature = await signManifest(ports.signer, id);
  if (!verifyManifest(await ports.signer.publicKey(), id, signature)) {
    throw new Error('the signature of the manifest does not verify');
  }
  const hash = createHash('sha256').update(bytes).digest();
  const dataset: Dataset = {
    ...texts,
    manifest: hex(id),
    folder,
    totalSize: shape.totalSize,
    chunkSize: shape.chunkSize,
    manifestSignature: hex(signature),
    manifestVersion: await ports.objects.put(manifestKey(folder), bytes, hash),
    pricePerChunk: request.pricePerChunk,
  };
  try {
    const versions = chunks.map((chunk) => chunk.versionId);
    await ports.datasets.put(dataset, versions);
  } catch (error) {
    // Someone published the same content meanwhile: theirs is for sale, ours is not needed.
    const winner = error instanceof DatasetConflict && (await ports.datasets.get(dataset.manifest));
    if (!winner) throw error;
    return offerAgain(work, winner);
  }
  return publication(work, dataset.manifest, 'published', folder);
}

function publication(
  work: Work,
  manifest: string,
  outcome: Publication['outcome'],
  folder?: string,
): Publication {
  return {
    outcome,
    manifest,
    ...(folder !== undefined && { folder }),
    name: work.texts.name,
    files: work.files.length,
    bytes: work.shape.totalSize,
    chunks: chunkCount(work.shape),
    chunkSize: work.shape.chunkSize,
    pricePerChunk: work.request.pricePerChunk,
  };
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
