import { createHash } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import * as v from 'valibot';

/** What happened to the ledger, enough to make it happen again. */
const eventSchema = v.variant('kind', [
  v.strictObject({ kind: v.literal('block'), raw: v.string() }),
  v.strictObject({ kind: v.literal('transaction'), raw: v.string(), time: v.number() }),
  v.strictObject({ kind: v.literal('invalidate'), hash: v.string() }),
  v.strictObject({ kind: v.literal('reconsider'), hash: v.string() }),
  v.strictObject({ kind: v.literal('mocktime'), time: v.number() }),
]);
const batchSchema = v.array(eventSchema);

export type LedgerEvent = v.InferOutput<typeof eventSchema>;

export interface LedgerJournal {
  /** Returns once the events are on the disk; all of them or, after a crash, none. */
  append(events: readonly LedgerEvent[]): void;
  close(): void;
}

/**
 * An append-only file, one line per batch: a hash of the batch, a space, the batch as JSON. A last line that a
 * crash cut short was never acknowledged and is dropped; damage anywhere before it is an error.
 */
export function openJournal(path: string): { journal: LedgerJournal; events: LedgerEvent[] } {
  mkdirSync(dirname(path), { recursive: true });
  const { events, soundBytes } = readEvents(path);
  const file = openSync(path, 'a');
  ftruncateSync(file, soundBytes);
  fsyncSync(file);
  syncFolder(dirname(path));
  let broken = false;
  return {
    events,
    journal: {
      append(batch) {
        // After a failed write the end of the file is unknown, and the ledger in memory is ahead of it.
        if (broken) throw new Error(`${path} could not be written; restart to go on from what it holds`);
        broken = true;
        const line = Buffer.from(toLine(batch));
        for (let written = 0; written < line.length; ) written += writeSync(file, line, written);
        fsyncSync(file);
        broken = false;
      },
      close: () => closeSync(file),
    },
  };
}

const digest = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 16);

function toLine(batch: readonly LedgerEvent[]): string {
  const text = JSON.stringify(batch);
  return `${digest(text)} ${text}\n`;
}

function readEvents(path: string): { events: LedgerEvent[]; soundBytes: number } {
  if (!existsSync(path)) return { events: [], soundBytes: 0 };
  const bytes = readFileSync(path);
  const events: LedgerEvent[] = [];
  let start = 0;
  while (start < bytes.length) {
    const newline = bytes.indexOf(0x0a, start);
    const end = newline < 0 ? bytes.length : newline;
    const batch = newline < 0 ? undefined : parseLine(bytes.toString('utf8', start, end));
    if (!batch) {
      if (newline >= 0 && newline + 1 < bytes.length) throw new Error(`${path} is damaged at byte ${start}`);
      return { events, soundBytes: start };
    }
    events.push(...batch);
    start = end + 1;
  }
  return { events, soundBytes: start };
}

function parseLine(line: string): LedgerEvent[] | undefined {
  const text = line.slice(17);
  if (line !== `${digest(text)} ${text}`) return undefined;
  return v.parse(batchSchema, JSON.parse(text));
}

/** A new file's name is on the disk only after its folder is. */
function syncFolder(path: string): void {
  const folder = openSync(path, 'r');
  fsyncSync(folder);
  closeSync(folder);
}
