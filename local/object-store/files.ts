import { randomUUID } from 'node:crypto';
import { type FileHandle, mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import * as v from 'valibot';

/** Makes earlier creations and renames in a folder survive a loss of power. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** A rename that is durable when it returns. Both paths must be on one file system. */
export async function moveDurably(from: string, to: string): Promise<void> {
  await rename(from, to);
  await syncFolder(dirname(to));
}

export async function makeFolder(folder: string): Promise<void> {
  const created = await mkdir(folder, { recursive: true });
  if (created !== undefined) await syncFolder(dirname(created));
}

/** Replaces a file whole: a reader, now or after a crash, sees the old content or the new. */
export async function writeJson(path: string, value: unknown): Promise<void> {
  const draft = `${path}.${randomUUID()}.draft`;
  const handle = await open(draft, 'wx');
  try {
    await handle.writeFile(JSON.stringify(value));
    await handle.sync();
  } finally {
    await handle.close();
  }
  await moveDurably(draft, path);
}

/** Undefined where the file does not exist; throws where it does not fit the schema. */
export async function readJson<Schema extends v.GenericSchema>(
  path: string,
  schema: Schema,
): Promise<v.InferOutput<Schema> | undefined> {
  try {
    return v.parse(schema, JSON.parse(await readFile(path, 'utf8')));
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

export function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}

/** A file being written in the folder of unfinished work, to be moved into place or thrown away. */
export interface Draft {
  readonly path: string;
  append(data: Uint8Array): Promise<void>;
  /** Durable on disk when it returns. */
  finish(): Promise<void>;
  discard(): Promise<void>;
}

const WRITE_BYTES = 1024 * 1024;

export async function openDraft(folder: string): Promise<Draft> {
  const path = join(folder, randomUUID());
  const handle: FileHandle = await open(path, 'wx');
  let gathered: Uint8Array[] = [];
  let bytes = 0;

  // Sockets deliver some 64 KiB at a time; one system call for each would cost more than the copying.
  async function flush(): Promise<void> {
    for (let rest = gathered; rest.length > 0; ) {
      const { bytesWritten } = await handle.writev(rest);
      rest = dropBytes(rest, bytesWritten);
    }
    gathered = [];
    bytes = 0;
  }

  return {
    path,
    async append(data) {
      gathered.push(data);
      bytes += data.length;
      if (bytes >= WRITE_BYTES) await flush();
    },
    async finish() {
      await flush();
      await handle.datasync();
      await handle.close();
    },
    async discard() {
      await handle.close().catch(() => undefined);
      await rm(path, { force: true });
    },
  };
}

function dropBytes(pieces: readonly Uint8Array[], count: number): Uint8Array[] {
  const left: Uint8Array[] = [];
  let skip = count;
  for (const piece of pieces) {
    if (skip < piece.length) left.push(piece.subarray(skip));
    skip = Math.max(0, skip - piece.length);
  }
  return left;
}
