import { createHash } from 'node:crypto';
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import * as v from 'valibot';
import type { StoredPart } from '../../shared/dataset/objects.ts';
import { hexOf } from '../../shared/protocol/terms.ts';
import type { HashMemory } from './content.ts';
import type { StoredChunk } from './upload-chunk.ts';

/**
 * What an interrupted publication had done: one JSON object a line, a begun upload on disk before its first
 * part. A last line that was cut off by a crash is dropped: the store is asked what it has.
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
  v.strictObject({ sent: v.number(), chunk: v.number(), tag: v.string(), sha256: hexOf(32) }),
  v.strictObject({ hashed: v.array(v.tuple([v.number(), hexOf(32)])) }),
  v.strictObject({ stored: v.number(), versionId: v.string(), segments: v.array(hexOf(32)) }),
]);

type Header = v.InferOutput<typeof headerSchema>;
type Line = v.InferOutput<typeof lineSchema>;

/** An upload that was begun. */
export interface BegunUpload {
  readonly upload: string;
  /** What was sent and acknowledged, by segment. */
  readonly parts: ReadonlyMap<number, StoredPart>;
}

export interface PublishJournal extends HashMemory {
  /** The folder of the objects. */
  readonly folder: string;
  /** Whether an earlier run has begun it. */
  readonly resumed: boolean;
  /** Chunks that are in the store, by index. */
  readonly stored: ReadonlyMap<number, StoredChunk>;
  /** Uploads that have not ended, by chunk. */
  readonly uploads: ReadonlyMap<number, BegunUpload>;
  /** What was begun before and is not gone on with: the source is another by now. */
  readonly abandoned: {
    readonly folder: string;
    readonly chunks: number;
    readonly uploads: ReadonlyMap<number, BegunUpload>;
  };
  started(chunk: number, upload: string): Promise<void>;
  sent(chunk: number, segment: number, part: StoredPart): Promise<void>;
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
  const before = readEntries(header.success ? lines.slice(1) : []);
  const goesOn =
    header.success &&
    header.output.fingerprint === fresh.fingerprint &&
    header.output.chunkSize === fresh.chunkSize;
  const entries = goesOn ? before : readEntries([]);
  // Written whole and renamed, which also takes a cut-off line away before anything is appended to it.
  await replaceDurably(path, goesOn ? lines : [{ spillwayPublish: 1, ...fresh }]);
  const file = await open(path, 'a');
  const append = (line: Line) => {
    enter(entries, line);
    return file.appendFile(`${JSON.stringify(line)}\n`);
  };
  return {
    folder: goesOn ? header.output.folder : fresh.folder,
    resumed: goesOn,
    stored: entries.stored,
    uploads: entries.uploads,
    abandoned: {
      folder: header.success ? header.output.folder : fresh.folder,
      chunks: goesOn ? 0 : before.stored.size,
      uploads: goesOn ? new Map() : before.uploads,
    },
    async started(chunk, upload) {
      await append({ started: chunk, upload });
      await file.datasync();
    },
    // Not made durable one by one: a part whose line is lost is read and hashed once more, and not sent.
    sent: (chunk, segment, { tag, sha256 }) => append({ sent: segment, chunk, tag, sha256: toHex(sha256) }),
    async finished(chunk, { versionId, segments }) {
      await append({ stored: chunk, versionId, segments: segments.map(toHex) });
      await file.datasync();
    },
    hashed: entries.hashed,
    remember: (hashes) => append({ hashed: hashes.map(([of, sha256]) => [of, toHex(sha256)]) }),
    close: () => file.close(),
    async remove() {
      await file.close();
      await rm(path, { force: true });
    },
  };
}

interface Entries {
  readonly hashed: Map<number, Uint8Array>;
  readonly stored: Map<number, StoredChunk>;
  readonly uploads: Map<number, { readonly upload: string; readonly parts: Map<number, StoredPart> }>;
}

function readEntries(lines: readonly unknown[]): Entries {
  const entries: Entries = { hashed: new Map(), stored: new Map(), uploads: new Map() };
  for (const line of lines) enter(entries, v.parse(lineSchema, line));
  return entries;
}

function enter({ hashed, stored, uploads }: Entries, line: Line): void {
  if ('started' in line) {
    stored.delete(line.started);
    uploads.set(line.started, { upload: line.upload, parts: new Map() });
  } else if ('sent' in line) {
    uploads.get(line.chunk)?.parts.set(line.sent, { tag: line.tag, sha256: fromHex(line.sha256) });
  } else if ('hashed' in line) {
    for (const [file, sha256] of line.hashed) hashed.set(file, fromHex(sha256));
  } else {
    stored.set(line.stored, { versionId: line.versionId, segments: line.segments.map(fromHex) });
    uploads.delete(line.stored);
  }
}

function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

function fromHex(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'hex'));
}

async function readLines(path: string): Promise<unknown[]> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw error;
  });
  const lines: unknown[] = [];
  // What follows the last line break is empty, or cut off.
  for (const line of text.split('\n').slice(0, -1)) {
    const schema = lines.length === 0 ? headerSchema : lineSchema;
    const entry = v.safeParse(v.pipe(v.string(), v.parseJson(), schema), line);
    // A full disk can cut a line off too, or leave zeros; what stands after it is not needed, only quicker.
    if (!entry.success) break;
    lines.push(entry.output);
  }
  return lines;
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
