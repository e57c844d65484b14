import { createHash } from 'node:crypto';
import { type FileHandle, mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import * as v from 'valibot';
import { hexOf } from '../../shared/protocol/terms.ts';
import type { StoredChunk } from './upload-chunk.ts';

/**
 * What an interrupted publication had done: one JSON object a line, each on disk before the next step. A last line that
 * was cut off by a crash is dropped: at worst its chunk is uploaded once more.
 */

const headerSchema = v.strictObject({
  spillwayPublish: v.literal(1),
  /** Of the source files, so that a changed source begins anew. */
  fingerprint: hexOf(32),
  chunkSize: v.number(),
  folder: hexOf(16),
});

const lineSchema = v.union([
  v.strictObject({ started: v.number(), upload: v.string() }),
  v.strictObject({ stored: v.number(), versionId: v.string(), segments: v.array(hexOf(32)) }),
]);

type Header = v.InferOutput<typeof headerSchema>;

interface UnfinishedUpload {
  readonly folder: string;
  readonly chunk: number;
  readonly upload: string;
}

export interface PublishJournal {
  /** The folder of the objects. */
  readonly folder: string;
  /** Chunks that were uploaded before, by index. */
  readonly stored: ReadonlyMap<number, StoredChunk>;
  /** Uploads that were begun before and not ended, also those of a publication that is not gone on with. */
  readonly unfinished: readonly UnfinishedUpload[];
  started(chunk: number, upload: string): Promise<void>;
  finished(chunk: number, stored: StoredChunk): Promise<void>;
  close(): Promise<void>;
  /** Closes it and forgets it: the publication is complete. */
  remove(): Promise<void>;
}

/**
 * Opens the journal of one source, or begins it.
 * @param stateFolder made where it is not there
 * @param source names what is published where; any text
 * @param fresh what a new publication would be
 */
export async function openPublishJournal(
  stateFolder: string,
  source: string,
  fresh: Omit<Header, 'spillwayPublish'>,
): Promise<PublishJournal> {
  const path = join(stateFolder, `publish-${createHash('sha256').update(source).digest('hex')}.jsonl`);
  await mkdir(stateFolder, { recursive: true, mode: 0o700 });
  const lines = await readLines(path);
  const header = v.safeParse(headerSchema, lines[0]);
  const before = header.success ? readEntries(header.output.folder, lines.slice(1)) : NOTHING;
  const goesOn =
    header.success &&
    header.output.fingerprint === fresh.fingerprint &&
    header.output.chunkSize === fresh.chunkSize;
  // Written whole and renamed, which also takes a cut-off line away before anything is appended to it.
  await replaceDurably(path, goesOn ? lines : [{ spillwayPublish: 1, ...fresh }]);
  const file = await open(path, 'a');
  return {
    folder: goesOn ? header.output.folder : fresh.folder,
    stored: goesOn ? before.stored : NOTHING.stored,
    unfinished: before.unfinished,
    started: (chunk, upload) => append(file, { started: chunk, upload }),
    finished: (chunk, { versionId, segments }) =>
      append(file, {
        stored: chunk,
        versionId,
        segments: segments.map((hash) => Buffer.from(hash).toString('hex')),
      }),
    close: () => file.close(),
    async remove() {
      await file.close();
      await rm(path, { force: true });
    },
  };
}

type Entries = Pick<PublishJournal, 'stored' | 'unfinished'>;
const NOTHING: Entries = { stored: new Map(), unfinished: [] };

function readEntries(folder: string, lines: readonly unknown[]): Entries {
  const stored = new Map<number, StoredChunk>();
  const uploads = new Map<number, string>();
  for (const line of lines) {
    const entry = v.parse(lineSchema, line);
    if ('upload' in entry) {
      uploads.set(entry.started, entry.upload);
    } else {
      const segments = entry.segments.map((hash) => new Uint8Array(Buffer.from(hash, 'hex')));
      stored.set(entry.stored, { versionId: entry.versionId, segments });
      uploads.delete(entry.stored);
    }
  }
  return { stored, unfinished: [...uploads].map(([chunk, upload]) => ({ folder, chunk, upload })) };
}

async function readLines(path: string): Promise<unknown[]> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw error;
  });
  const lines: unknown[] = [];
  // What follows the last line break is empty, or cut off.
  for (const line of text.split('\n').slice(0, -1)) {
    try {
      lines.push(JSON.parse(line));
    } catch {
      // A full disk can cut a line off too; what stands after it is not needed, only quicker.
      break;
    }
  }
  return lines;
}

async function append(file: FileHandle, entry: unknown): Promise<void> {
  await file.appendFile(`${JSON.stringify(entry)}\n`);
  await file.datasync();
}

async function replaceDurably(path: string, lines: readonly unknown[]): Promise<void> {
  const file = await open(`${path}.new`, 'w', 0o600);
  try {
    await file.writeFile(lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(`${path}.new`, path);
  // A rename is durable only once its folder is; Windows cannot open one and does not need it.
  if (process.platform === 'win32') return;
  const folder = await open(dirname(path), 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
