import { createHash, randomBytes } from 'node:crypto';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import { checksumSchema } from './checksums.ts';
import { isMissing, makeFolder, moveDurably, readJson, writeJson } from './files.ts';
import { createLock } from './lock.ts';

const partSchema = v.object({
  number: v.number(),
  size: v.number(),
  /** Its file in the version's folder. */
  file: v.string(),
  /** Base64, in the algorithm of the object's checksum. */
  checksum: v.optional(v.string()),
});

const versionSchema = v.object({
  key: v.string(),
  versionId: v.string(),
  /** Grows with every write to the bucket: the highest of a key is its current version. */
  sequence: v.number(),
  /** Milliseconds since the epoch. */
  lastModified: v.number(),
  size: v.number(),
  /** Without its quotation marks. */
  etag: v.string(),
  deleteMarker: v.boolean(),
  multipart: v.boolean(),
  /** Sent with the object as they were given: content type, x-amz-meta-… */
  headers: v.record(v.string(), v.string()),
  checksum: v.optional(checksumSchema),
  parts: v.array(partSchema),
});

export type ObjectVersion = v.InferOutput<typeof versionSchema>;
export type NewVersion = Omit<ObjectVersion, 'versionId' | 'sequence'>;
/** What is held in memory of every version: all but the parts, of which there may be thousands. */
export type VersionSummary = Omit<ObjectVersion, 'parts'>;

/** The object versions of one bucket: a folder each, which appears by one rename and is never changed. */
export interface Objects {
  /** The current version, which may be a delete marker; or the one with this id. */
  find(key: string, versionId?: string): VersionSummary | undefined;
  /** The current versions that are no delete markers, in S3's order: by the UTF-8 bytes of the key. */
  current(): readonly VersionSummary[];
  parts(version: VersionSummary): Promise<ObjectVersion['parts']>;
  /** Where the file of a part lies. */
  path(version: VersionSummary, file: string): string;
  /**
   * Makes a folder that already holds the part files into a version. The commit is its rename.
   * @param admit called with the current version, which stays so until the rename; throws to refuse
   */
  commit(
    folder: string,
    version: NewVersion,
    admit?: (current: VersionSummary | undefined) => void,
  ): Promise<VersionSummary>;
  remove(version: VersionSummary): Promise<void>;
}

const RECORD = 'version.json';

/** @param drafts a folder on the same file system for work that is not yet, or no longer, part of the bucket */
export async function openObjects(folder: string, drafts: string): Promise<Objects> {
  const versions = new Map<string, VersionSummary[]>();
  const exclusively = createLock();
  let sequence = 0;

  const keyFolder = (key: string): string => join(folder, createHash('sha256').update(key).digest('hex'));
  const versionFolder = (version: VersionSummary): string => join(keyFolder(version.key), version.versionId);

  function remember({ parts: _, ...summary }: ObjectVersion): VersionSummary {
    const ofKey = versions.get(summary.key) ?? [];
    ofKey.push(summary);
    ofKey.sort((a, b) => a.sequence - b.sequence);
    versions.set(summary.key, ofKey);
    sequence = Math.max(sequence, summary.sequence);
    return summary;
  }

  const latest = (key: string): VersionSummary | undefined => versions.get(key)?.at(-1);

  await makeFolder(folder);
  for (const key of await readdir(folder))
    for (const id of await readdir(join(folder, key))) {
      const version = await readJson(join(folder, key, id, RECORD), versionSchema);
      if (version) remember(version);
    }

  return {
    find: (key, versionId) =>
      versionId === undefined
        ? latest(key)
        : versions.get(key)?.find((version) => version.versionId === versionId),
    current: () =>
      [...versions.keys()]
        .flatMap((key) => latest(key) ?? [])
        .filter((version) => !version.deleteMarker)
        .sort((a, b) => Buffer.compare(Buffer.from(a.key), Buffer.from(b.key))),
    async parts(version) {
      const record = await readJson(join(versionFolder(version), RECORD), versionSchema);
      return record?.parts ?? [];
    },
    path: (version, file) => join(versionFolder(version), file),
    commit: (source, given, admit) =>
      exclusively(given.key, async () => {
        admit?.(latest(given.key));
        sequence += 1;
        const version = { ...given, versionId: randomBytes(24).toString('base64url'), sequence };
        await writeJson(join(source, RECORD), version);
        await makeFolder(keyFolder(given.key));
        await moveDurably(source, versionFolder(version));
        return remember(version);
      }),
    async remove(version) {
      const waste = join(drafts, `${version.versionId}.removed`);
      try {
        await moveDurably(versionFolder(version), waste);
      } catch (error) {
        if (!isMissing(error)) throw error;
      }
      const left = (versions.get(version.key) ?? []).filter(
        ({ versionId }) => versionId !== version.versionId,
      );
      if (left.length > 0) versions.set(version.key, left);
      else versions.delete(version.key);
      await rm(waste, { recursive: true, force: true });
    },
  };
}

/** A folder for a version in the making. */
export async function draftFolder(drafts: string): Promise<string> {
  const path = join(drafts, randomBytes(16).toString('hex'));
  await mkdir(path);
  return path;
}
