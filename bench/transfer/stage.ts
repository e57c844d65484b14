import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import { startBenchShop } from './bench-shop.ts';
import { writeChunks, writeDataset } from './data.ts';
import { measure } from './measure.ts';

/** What is paid for at once. */
export const CHUNK_BYTES = 64 * 2 ** 20;
/** Satoshis. */
export const PRICE_PER_CHUNK = 5_000n;
/** What nginx serves the peers: `s3://peers/dataset.bin` for those that speak S3. */
export const PEER_PATH = '/peers/dataset.bin';

/** A dataset that is for sale, and the folder in which nginx finds its chunks and the peers' copy. */
export interface Stage {
  readonly shopFolder: string;
  readonly root: string;
  readonly manifest: string;
  readonly chunks: number;
  /** The peers' copy, which is what was published. */
  readonly source: string;
}

const publicationSchema = v.object({ manifest: v.string(), folder: v.string(), chunks: v.number() });

/** For `node`. @param shopFolder of a shop that runs */
export function publishArguments(spillway: string, source: string, shopFolder: string): string[] {
  const size = ['--chunk-size', `${CHUNK_BYTES}`];
  return [
    spillway,
    'publish',
    source,
    '--price',
    `${PRICE_PER_CHUNK}`,
    ...size,
    '--shop',
    shopFolder,
    '--json',
  ];
}

/** @param onMemory told what publishing holds resident, bytes */
export async function setStage(
  folder: string,
  spillway: string,
  bytes: number,
  onMemory: (bytes: number) => void = () => undefined,
): Promise<Stage> {
  const root = join(folder, 'www');
  const source = join(root, PEER_PATH);
  await mkdir(join(root, 'peers'), { recursive: true });
  await writeDataset(source, bytes);
  const shopFolder = join(folder, 'shop');
  const shop = await startBenchShop(shopFolder);
  try {
    const { stdout } = await measure({
      program: process.execPath,
      args: publishArguments(spillway, source, shopFolder),
      onMemory,
    });
    const publication = v.parse(publicationSchema, JSON.parse(stdout));
    const chunkFolder = join(root, shop.store.bucket, 'datasets', publication.folder, 'chunks');
    await mkdir(chunkFolder, { recursive: true });
    await writeChunks((chunk) => join(chunkFolder, `${chunk}`), bytes, CHUNK_BYTES);
    return { shopFolder, root, manifest: publication.manifest, chunks: publication.chunks, source };
  } finally {
    await shop.stop();
  }
}
