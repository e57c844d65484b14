import { open, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type * as v from 'valibot';
import { type Journal, parseRecord, recordLine } from '../journal.ts';
import { PRIVATE_FILE, syncFolder } from './durable-files.ts';

/**
 * Opens a journal in a file of JSON lines, or starts one. A last line without its newline was being written when the process
 * died: nothing had relied on it, so it is cut off. Damage anywhere else is not repaired but reported.
 * @throws BuyerError journal-damaged
 */
export async function openJournalFile<R>(
  path: string,
  schema: v.GenericSchema<unknown, R>,
): Promise<Journal<R>> {
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
  const write = (record: R) => file.appendFile(`${recordLine(record)}\n`);
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
export async function readJournalFile<R>(
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
  return { records: lines.map((line, index) => parseRecord(line, schema, `${path}:${index + 1}`)), length };
}
