import type * as v from 'valibot';
import type { Journal } from './journal.ts';

/** Where a buyer's keys and journals are, by names such as `purchases/ab12.jsonl`: a folder on Node, the page's storage in a browser. */
export interface Home {
  /**
   * Opens a journal, or starts one. Its name ends with `.jsonl`, and nobody else has it open: that is what locks are for.
   * @throws BuyerError journal-damaged
   */
  openJournal<R>(name: string, schema: v.GenericSchema<unknown, R>): Promise<Journal<R>>;
  /** Reads a journal that another process may be writing. @throws BuyerError journal-damaged */
  readJournal<R>(name: string, schema: v.GenericSchema<unknown, R>): Promise<readonly R[]>;
  /** What is kept under a name, a journal as its lines; undefined if there is nothing. */
  read(name: string): Promise<Uint8Array | undefined>;
  /** Keeps bytes under a name, instead of what was there. Returns once they are on the disk: all of them, or none if it dies before. */
  write(name: string, bytes: Uint8Array): Promise<void>;
  /** All names under which something is kept. */
  names(): Promise<readonly string[]>;
  /**
   * Takes a lock that nobody else holds at once, in whatever process or page.
   * @returns the function that gives it back
   * @throws BuyerError locked
   */
  lock(name: string): Promise<() => Promise<void>>;
  /** Takes a lock that is held for moments only, waiting for its turn. */
  withLock<T>(name: string, work: () => Promise<T>): Promise<T>;
  /** Where a person finds what is kept under a name. */
  describe(name: string): string;
}
