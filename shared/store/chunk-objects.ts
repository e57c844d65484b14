import { chunkKey } from '../dataset/object-keys.ts';
import type { DatasetStore } from './dataset-record.ts';

/** One version of one object. */
export interface ObjectVersion {
  readonly key: string;
  readonly versionId: string;
}

/** Where chunks are. */
export interface ChunkObjects {
  /** @param chunk the chunk's index in the dataset */
  locate(manifest: string, chunk: number): Promise<ObjectVersion | undefined>;
}

/** Chunks whose place is kept in memory: a few megabytes, and all that one busy function sells in its life. */
const KEPT = 20_000;

/** Remembers what it was told: what a manifest's chunks are never changes, so no payment reads it twice. */
export function chunkObjects(datasets: Pick<DatasetStore, 'get' | 'chunkVersion'>): ChunkObjects {
  const known = new Map<string, ObjectVersion>();
  return {
    async locate(manifest, chunk) {
      const name = `${manifest}/${chunk}`;
      const kept = known.get(name);
      if (kept) return kept;
      const [dataset, versionId] = await Promise.all([
        datasets.get(manifest),
        datasets.chunkVersion(manifest, chunk),
      ]);
      if (!dataset || !versionId) return undefined;
      if (known.size >= KEPT) known.clear();
      const object = { key: chunkKey(dataset.folder, chunk), versionId };
      known.set(name, object);
      return object;
    },
  };
}
