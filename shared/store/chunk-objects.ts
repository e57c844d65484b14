import { chunkKey } from '../dataset/object-keys.ts';
import type { ChunkVersions, DatasetStore } from './dataset-record.ts';

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

/** Runs of versions that are kept in memory, about 50 KB each. */
const KEPT_RUNS = 100;

/** Remembers what it was told: what a manifest's chunks are never changes, so payments for a thousand chunks read it once. */
export function chunkObjects(datasets: Pick<DatasetStore, 'chunkVersions'>): ChunkObjects {
  const runs = new Map<string, readonly ChunkVersions[]>();

  const runOf = async (manifest: string, chunk: number): Promise<ChunkVersions | undefined> => {
    const known = runs.get(manifest) ?? [];
    const kept = known.find(({ first, versions }) => chunk >= first && chunk < first + versions.length);
    if (kept) return kept;
    const run = await datasets.chunkVersions(manifest, chunk);
    if (!run) return undefined;
    if (count(runs) >= KEPT_RUNS) runs.clear();
    runs.set(manifest, [...(runs.get(manifest) ?? []).filter(({ first }) => first !== run.first), run]);
    return run;
  };

  return {
    async locate(manifest, chunk) {
      const run = await runOf(manifest, chunk);
      const versionId = run?.versions[chunk - run.first];
      return run && versionId ? { key: chunkKey(run.folder, chunk), versionId } : undefined;
    },
  };
}

function count(runs: ReadonlyMap<string, readonly unknown[]>): number {
  return [...runs.values()].reduce((sum, list) => sum + list.length, 0);
}
