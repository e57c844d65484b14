import * as v from 'valibot';
import { BuyerError } from './errors.ts';

/** An append-only list of records: what was done, in order, durable before the step that relies on it. */
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

/** As a record is kept: one line of JSON, without its end. */
export function recordLine(record: unknown): string {
  return JSON.stringify(record);
}

/**
 * Reads a record as it was kept.
 * @param place where it was, for the message
 * @throws BuyerError journal-damaged
 */
export function parseRecord<R>(line: string, schema: v.GenericSchema<unknown, R>, place: string): R {
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
