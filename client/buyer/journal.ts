import { open, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import * as v from 'valibot';
import { PRIVATE_FILE, syncFolder } from './durable-files.ts';
import { BuyerError } from './errors.ts';

/** An append-only file of JSON lines: what was done, in order, durable before the step that relies on it. */
export interface Journal<R> {
  /** All records there were when it was opened. */
  readonly records: readonly R[];
  /** Appends a record and returns once it is on the disk, with all before it. */
  append(record: R): Promise<void>;
  /**
   * Appends a record that a killed process leaves behind, but a power cut may take until the next `append` or `sync`: for what
   * guards no step, or only one that begins with an `append` of its own.
   */
  note(record: R): Promise<void>;
  /** Returns once everything noted is on the disk. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Opens a journal, or starts one. A last line without its newline was being written when the process died: nothing had
 * relied on it, so it is cut off. Damage anywhere else is not repaired but reported.
 * @throws BuyerError journal-damaged
 */
export async function openJournal<R>(path: string, schema: v.GenericSchema<unknown, R>): Promise<Journal<R>> {
  const { records, length } = await readWhole(path, schema);
  const file = await open(path, 'a', PRIVATE_FILE);
  await file.truncate(length);
  await file.sync();
  await syncFolder(dirname(path));
  let tail: Promise<void> = Promise.resolve();
  const next = (step: () => Promise<void>) => {
    tail = tail.then(step);
    return tail;
  };
  const write = (record: R) => file.appendFile(`${JSON.stringify(record)}\n`);
  return {
    records,
    append: (record) =>
      next(async () => {
        await write(record);
        await file.datasync();
      }),
    note: (record) => next(() => write(record)),
    sync: () => next(() => file.datasync()),
    close: () => file.close(),
  };
}

/** Reads a journal that another process may be writing. */
export async function readJournal<R>(
  path: string,
  schema: v.GenericSchema<unknown, R>,
): Promise<readonly R[]> {
  return (await readWhole(path, schema)).records;
}

async function readWhole<R>(
  path: string,
  schema: v.GenericSchema<unknown, R>,
): Promise<{ records: R[]; length: number }> {
  const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return Buffer.alloc(0);
    throw error;
  });
  const length = bytes.lastIndexOf(0x0a) + 1;
  const lines = bytes.toString('utf8', 0, length).split('\n').slice(0, -1);
  return { records: lines.map((line, index) => parseLine(line, schema, `${path}:${index + 1}`)), length };
}

function parseLine<R>(line: string, schema: v.GenericSchema<unknown, R>, place: string): R {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw damaged(place, 'not JSON');
  }
  const result = v.safeParse(schema, value);
  if (result.success) return result.output;
  const [issue] = result.issues;
  throw damaged(place, `${v.getDotPath(issue) ?? 'record'}: ${issue.message}`);
}

function damaged(place: string, reason: string): BuyerError {
  return new BuyerError('journal-damaged', `The journal cannot be read at ${place}: ${reason}`, {
    next: 'Restore the file from a backup. Do not delete it: it holds what is needed to take money back.',
  });
}
