import { randomBytes, randomUUID } from 'node:crypto';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import { checksumAlgorithmSchema } from './checksums.ts';
import { noSuchUpload } from './errors.ts';
import { makeFolder, moveDurably, readJson, writeJson } from './files.ts';
import { createLock } from './lock.ts';
import { draftFolder } from './objects.ts';

const uploadSchema = v.object({
  key: v.string(),
  uploadId: v.string(),
  /** Milliseconds since the epoch. */
  initiated: v.number(),
  headers: v.record(v.string(), v.string()),
  /** The algorithm every part must be sent with. */
  algorithm: v.optional(checksumAlgorithmSchema),
});

const partSchema = v.object({
  number: v.number(),
  size: v.number(),
  /** Hex; the part's ETag. */
  md5: v.string(),
  checksum: v.optional(v.string()),
  file: v.string(),
  lastModified: v.number(),
});

type UploadRecord = v.InferOutput<typeof uploadSchema>;
export type UploadedPart = v.InferOutput<typeof partSchema>;
export interface Upload extends UploadRecord {
  readonly parts: ReadonlyMap<number, UploadedPart>;
}

/** The unfinished multipart uploads of one bucket: a folder each, with a file and a record for every part. */
export interface Uploads {
  create(upload: Omit<UploadRecord, 'uploadId'>): Promise<Upload>;
  /** Throws NoSuchUpload, also where the upload is one of another key. */
  get(key: string, uploadId: string): Upload;
  /** Those under way, by key and then by age, as S3 lists them. */
  list(): readonly Upload[];
  /** Takes over a finished draft file; an earlier part of the same number is replaced. Throws NoSuchUpload. */
  addPart(upload: Upload, draft: string, part: Omit<UploadedPart, 'file'>): Promise<void>;
  /**
   * Ends the upload by handing its folder to `take`, which moves it away; no part is added meanwhile. If `take` throws,
   * the upload goes on. Throws NoSuchUpload.
   */
  finish<T>(key: string, uploadId: string, take: (upload: Upload, folder: string) => Promise<T>): Promise<T>;
}

const RECORD = 'upload.json';
const partRecord = (number: number): string => `part-${number}.json`;

/** @param drafts a folder on the same file system for work that is not yet, or no longer, part of the bucket */
export async function openUploads(folder: string, drafts: string): Promise<Uploads> {
  const uploads = new Map<string, UploadRecord & { readonly parts: Map<number, UploadedPart> }>();
  const exclusively = createLock();

  await makeFolder(folder);
  for (const uploadId of await readdir(folder)) {
    const record = await readJson(join(folder, uploadId, RECORD), uploadSchema);
    if (!record) continue;
    const parts = new Map<number, UploadedPart>();
    for (const name of await readdir(join(folder, uploadId))) {
      if (!/^part-\d+\.json$/.test(name)) continue;
      const part = await readJson(join(folder, uploadId, name), partSchema);
      if (part) parts.set(part.number, part);
    }
    uploads.set(uploadId, { ...record, parts });
  }

  function get(key: string, uploadId: string) {
    const upload = uploads.get(uploadId);
    if (upload?.key !== key) throw noSuchUpload(uploadId);
    return upload;
  }

  return {
    get,
    async create(given) {
      const record = { ...given, uploadId: randomBytes(32).toString('base64url') };
      const draft = await draftFolder(drafts);
      await writeJson(join(draft, RECORD), record);
      await moveDurably(draft, join(folder, record.uploadId));
      const upload = { ...record, parts: new Map<number, UploadedPart>() };
      uploads.set(record.uploadId, upload);
      return upload;
    },
    list: () =>
      [...uploads.values()].sort(
        (a, b) => Buffer.compare(Buffer.from(a.key), Buffer.from(b.key)) || a.initiated - b.initiated,
      ),
    addPart: ({ key, uploadId }, draft, given) =>
      exclusively(uploadId, async () => {
        const upload = get(key, uploadId);
        const home = join(folder, uploadId);
        const part = { ...given, file: `${given.number}-${randomUUID()}.part` };
        const earlier = upload.parts.get(part.number);
        await moveDurably(draft, join(home, part.file));
        await writeJson(join(home, partRecord(part.number)), part);
        upload.parts.set(part.number, part);
        if (earlier) await rm(join(home, earlier.file), { force: true });
      }),
    finish: (key, uploadId, take) =>
      exclusively(uploadId, async () => {
        const result = await take(get(key, uploadId), join(folder, uploadId));
        uploads.delete(uploadId);
        return result;
      }),
  };
}
