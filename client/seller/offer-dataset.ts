import { createHash } from 'node:crypto';
import type { Shape, SizedFile } from '../../shared/dataset/layout.ts';
import { manifestBytes, manifestId, signManifest, verifyManifest } from '../../shared/dataset/manifest.ts';
import { manifestKey } from '../../shared/dataset/object-keys.ts';
import type { ObjectInspector, ObjectUploader } from '../../shared/dataset/objects.ts';
import { chunkCount } from '../../shared/protocol/price.ts';
import type { Signer } from '../../shared/signer/signer.ts';
import { type Dataset, DatasetConflict, type SellerDatasetStore } from '../../shared/store/dataset-record.ts';
import type { OnProgress } from './dataset-chunks.ts';
import { describeBeside } from './describe-beside.ts';
import { type DatasetTexts, manifestOf } from './describe-dataset.ts';
import type { PriceBounds } from './price-bounds.ts';
import { PublishRefused } from './publish-error.ts';
import type { PublishEstimate } from './publish-estimate.ts';
import type { StoredChunk } from './upload-chunk.ts';

export interface PublishPorts {
  readonly objects: ObjectUploader & ObjectInspector;
  readonly datasets: SellerDatasetStore;
  readonly signer: Signer;
  readonly prices: PriceBounds;
  /** Names the shop, so that one source published in two shops is not mixed up. */
  readonly shop: string;
  /** Where interrupted publications are remembered. */
  readonly stateFolder: string;
  readonly onProgress?: OnProgress;
}

export interface Publication {
  readonly outcome: 'published' | 'already-published' | 'price-changed' | 'back-on-sale' | 'dry-run';
  /** The dataset's id, hex; after a dry run none where only the store can hash what it would copy. */
  readonly manifest?: string;
  /** Where its objects are; none after a dry run. */
  readonly folder?: string;
  readonly name: string;
  readonly files: number;
  readonly bytes: number;
  readonly chunks: number;
  readonly chunkSize: number;
  readonly pricePerChunk: bigint;
  /** Of a dry run: what publishing and selling it would take. */
  readonly estimate?: PublishEstimate;
}

/** A dataset as it is to be for sale. */
export interface Draft {
  readonly texts: DatasetTexts;
  readonly files: readonly SizedFile[];
  readonly shape: Shape;
  readonly pricePerChunk: bigint;
}

/**
 * A name is for sale once: who buys by the name must get what its seller means. Two publications at the same moment are
 * the same seller's, and not kept apart.
 * @param id hex, of the content that may have the name; undefined where it cannot be known yet
 * @throws PublishRefused where other content has it
 */
export async function refuseTakenName(
  datasets: SellerDatasetStore,
  name: string,
  id: string | undefined,
): Promise<void> {
  const taken = (await datasets.list()).find(
    (dataset) => dataset.name === name && dataset.manifest !== id && dataset.forSaleUntil === undefined,
  );
  if (!taken) return;
  throw new PublishRefused(
    `${JSON.stringify(name)} is the name of a dataset with other content or another description that is for sale: publish under another --name, or take that one off sale first with: spillway unpublish ${taken.manifest}`,
  );
}

/** Signs the manifest, uploads it, and makes the dataset known. */
export async function offerDataset(
  ports: PublishPorts,
  draft: Draft,
  folder: string,
  chunks: readonly StoredChunk[],
  fileHashes: readonly Uint8Array[] | undefined,
): Promise<Publication> {
  const { texts, files, shape, pricePerChunk } = draft;
  const segments = chunks.map((chunk) => chunk.segments);
  const manifest = manifestOf(texts, files, shape, segments, fileHashes);
  const bytes = manifestBytes(manifest);
  const id = manifestId(bytes);
  await refuseTakenName(ports.datasets, texts.name, hex(id));
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
    pricePerChunk,
  };
  try {
    const versions = chunks.map((chunk) => chunk.versionId);
    await ports.datasets.put(dataset, versions);
  } catch (error) {
    // Someone published the same content meanwhile: theirs is for sale, ours is not needed.
    const winner = error instanceof DatasetConflict && (await ports.datasets.get(dataset.manifest));
    if (!winner) throw error;
    return offerAgain(ports, draft, winner);
  }
  return publication(draft, 'published', { manifest: dataset.manifest, folder });
}

/** The store decides on what it holds: what was read before may be older than a change of its own offer. */
export async function offerAgain(
  ports: PublishPorts,
  draft: Draft,
  { manifest, folder }: Dataset,
): Promise<Publication> {
  const change = await ports.datasets.putOnSale(manifest, draft.pricePerChunk);
  if (!change) throw new Error(`dataset ${manifest} is gone`);
  const { before, now } = change;
  const sameOffer = before.pricePerChunk === now.pricePerChunk ? 'already-published' : 'price-changed';
  const outcome = before.forSaleUntil === undefined ? sameOffer : 'back-on-sale';
  return publication(draft, outcome, { manifest, folder });
}

export function publication(
  { texts, files, shape, pricePerChunk }: Draft,
  outcome: Publication['outcome'],
  found: Pick<Publication, 'manifest' | 'folder' | 'estimate'>,
): Publication {
  return {
    outcome,
    ...found,
    name: texts.name,
    files: files.length,
    bytes: shape.totalSize,
    chunks: chunkCount(shape),
    chunkSize: shape.chunkSize,
    pricePerChunk,
  };
}

export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
