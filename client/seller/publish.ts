import { randomBytes } from 'node:crypto';
import { manifestBytes, manifestId } from '../../shared/dataset/manifest.ts';
import { chunkKey } from '../../shared/dataset/object-keys.ts';
import { chunkCount } from '../../shared/protocol/price.ts';
import type { Dataset } from '../../shared/store/dataset-record.ts';
import type { Content } from './content.ts';
import { hashChunks, uploadChunks } from './dataset-chunks.ts';
import { checkTexts, manifestOf, shapeOf } from './describe-dataset.ts';
import {
  type Draft,
  hex,
  offerAgain,
  offerDataset,
  type Publication,
  type PublishPorts,
  publication,
  refuseTakenName,
} from './offer-dataset.ts';
import { type PriceBounds, priceProblem } from './price-bounds.ts';
import { PublishRefused } from './publish-error.ts';
import { publishEstimate } from './publish-estimate.ts';
import { openPublishJournal, type PublishJournal } from './publish-journal.ts';

export interface PublishRequest {
  /** Satoshis for a full chunk. */
  readonly pricePerChunk: bigint;
  /** By default the content's own name. */
  readonly name?: string;
  readonly description?: string;
  readonly licence?: string;
  /** Bytes; by default what suits the dataset. */
  readonly chunkSize?: number;
  /** Computes everything, changes nothing. */
  readonly dryRun?: boolean;
}

/** One publication at work. */
interface Work {
  readonly ports: PublishPorts;
  readonly content: Content;
  readonly draft: Draft;
}

/**
 * Puts content up for sale. The same content again answers the dataset there is, at the price now asked for. After an
 * interruption the same call goes on where it was.
 * @throws PublishRefused where the seller must change something first
 */
export async function publish(
  request: PublishRequest,
  content: Content,
  ports: PublishPorts,
): Promise<Publication> {
  const shape = shapeOf(content.files, request.chunkSize);
  const draft = draftOf(request, content.name, content.files, shape, ports.prices);
  const work = { ports, content, draft };
  ports.onProgress?.({ type: 'listed', files: content.files.length, shape, chunks: chunkCount(shape) });
  if (request.dryRun) return dryRun(work);
  return (await existing(work)) ?? (await uploadAndOffer(work));
}

/**
 * What the request makes of some files.
 * @throws PublishRefused where a text or the price does not do
 */
export function draftOf(
  request: PublishRequest,
  ownName: string,
  files: Draft['files'],
  shape: Draft['shape'],
  prices: PriceBounds,
): Draft {
  const { pricePerChunk, name = ownName, description = '', licence = '' } = request;
  const problem = priceProblem(pricePerChunk, prices);
  if (problem) throw new PublishRefused(problem);
  const texts = { name, description, licence };
  checkTexts(texts);
  return { texts, files, shape, pricePerChunk };
}

async function dryRun(work: Work): Promise<Publication> {
  const { content, draft, ports } = work;
  const manifest = await hashedId(work);
  await refuseTakenName(ports.datasets, draft.texts.name, manifest);
  const estimate = publishEstimate(draft.shape, content.transferred);
  return publication(draft, 'dry-run', { ...(manifest !== undefined && { manifest }), estimate });
}

/**
 * The dataset that holds this content already. Only where one looks like it is all of the source read for that.
 * @throws PublishRefused where its name belongs to other content
 */
async function existing(work: Work): Promise<Publication | undefined> {
  const { ports, draft } = work;
  const { texts, shape } = draft;
  const alike = (dataset: Dataset) =>
    dataset.totalSize === shape.totalSize &&
    dataset.chunkSize === shape.chunkSize &&
    dataset.name === texts.name &&
    dataset.description === texts.description &&
    dataset.licence === texts.licence;
  const id = (await ports.datasets.list()).some(alike) ? await hashedId(work) : undefined;
  await refuseTakenName(ports.datasets, texts.name, id);
  const dataset = id === undefined ? undefined : await ports.datasets.get(id);
  return dataset && offerAgain(ports, draft, dataset);
}

/** The id this content has, found by reading it; undefined where only the store can hash it. */
async function hashedId({ content, draft, ports }: Work): Promise<string | undefined> {
  if (!content.readable) return undefined;
  const { texts, files, shape } = draft;
  ports.onProgress?.({ type: 'hashing' });
  const passage = content.passage({ hashed: new Map(), remember: async () => {} });
  const chunks = await hashChunks(passage, shape, ports.onProgress ?? (() => {}));
  await content.checkUnchanged();
  return hex(manifestId(manifestBytes(manifestOf(texts, files, shape, chunks, passage.fileHashes()))));
}

async function uploadAndOffer(work: Work): Promise<Publication> {
  const { ports, content, draft } = work;
  const journal = await openPublishJournal(ports.stateFolder, JSON.stringify([content.place, ports.shop]), {
    fingerprint: content.fingerprint,
    chunkSize: draft.shape.chunkSize,
    folder: hex(randomBytes(16)),
  });
  try {
    await giveUp(ports, journal.abandoned.folder, journal.abandoned.uploads);
    const result = await uploadInto(journal, work);
    await journal.remove();
    return result;
  } catch (error) {
    // Anything else may be mended, and then the parts that are there are worth keeping.
    if (error instanceof PublishRefused) await giveUp(ports, journal.folder, journal.uploads).catch(() => {});
    await journal.close();
    throw error;
  }
}

async function uploadInto(journal: PublishJournal, { ports, content, draft }: Work): Promise<Publication> {
  const { objects, onProgress = () => {} } = ports;
  const { abandoned, folder, resumed } = journal;
  if (abandoned.chunks > 0) {
    onProgress({ type: 'abandoned', folder: abandoned.folder, chunks: abandoned.chunks });
  }
  onProgress({ type: 'uploading', folder, resumed });
  const passage = content.passage(journal);
  const chunks = await uploadChunks({ objects, passage, journal, shape: draft.shape, onProgress });
  await content.checkUnchanged();
  return offerDataset(ports, draft, folder, chunks, passage.fileHashes());
}

export async function giveUp(
  { objects }: PublishPorts,
  folder: string,
  uploads: PublishJournal['uploads'],
): Promise<void> {
  for (const [chunk, { upload }] of uploads) await objects.abortParts(chunkKey(folder, chunk), upload);
}
