import { utf8ToBytes } from '@noble/hashes/utils.js';
import { BuyerError } from '../errors.ts';
import type { Home } from '../home.ts';
import { parseRecord, recordLine } from '../journal.ts';
import { BY_JOURNAL, change, look, openDatabase, RECORDS, type StoredRecord, VALUES } from './database.ts';

/**
 * A home in the page's own storage: IndexedDB for what is kept, the Web Locks that all pages of an origin share for locks. It is
 * gone with the browser's data for the site, which is why there are recovery files.
 * @param name of the database; pages of one origin with the same name have the same home
 */
export async function browserHome(name = 'spillway'): Promise<Home> {
  const database = await openDatabase(name);
  const linesOf = async (journal: string): Promise<string[]> => {
    const range = IDBKeyRange.bound([journal, 0], [journal, Number.MAX_SAFE_INTEGER]);
    const found: StoredRecord[] = await look(database, RECORDS, (records) => records.getAll(range));
    return found.map(({ line }) => line);
  };
  const readJournal: Home['readJournal'] = async (journal, schema) =>
    (await linesOf(journal)).map((line, index) => parseRecord(line, schema, `${journal}:${index + 1}`));
  const lockName = (lock: string) => `${name}/${lock}`;

  return {
    async openJournal(journal, schema) {
      const records = await readJournal(journal, schema);
      let position = records.length;
      let tail: Promise<void> = Promise.resolve();
      // Noted and appended are one here: a browser tells of the disk by whole transactions alone.
      const append = (record: unknown) => {
        tail = tail.then(async () => {
          const stored: StoredRecord = { journal, position, line: recordLine(record) };
          // Never over another one: two that believe to be alone must not both succeed.
          await change(database, RECORDS, (store) => store.add(stored));
          position += 1;
        });
        return tail;
      };
      return { records, append, note: append, sync: () => tail, close: () => tail.catch(() => undefined) };
    },
    readJournal,
    async read(key) {
      if (!isJournal(key)) return look<Uint8Array | undefined>(database, VALUES, (values) => values.get(key));
      const lines = await linesOf(key);
      return lines.length === 0 ? undefined : utf8ToBytes(lines.map((line) => `${line}\n`).join(''));
    },
    async write(key, bytes) {
      if (!isJournal(key)) return change(database, VALUES, (values) => values.put(bytes, key));
      const lines = new TextDecoder().decode(bytes).split('\n').slice(0, -1);
      await change(database, RECORDS, (store) => {
        store.delete(IDBKeyRange.bound([key, 0], [key, Number.MAX_SAFE_INTEGER]));
        lines.forEach((line, position) => {
          store.add({ journal: key, position, line } satisfies StoredRecord);
        });
      });
    },
    async names() {
      const values = await look(database, VALUES, (store) => store.getAllKeys());
      return [...(await journalNames(database)), ...values.map(String)];
    },
    lock: (lock) => takeLock(lockName(lock)),
    async withLock<T>(lock: string, work: () => Promise<T>): Promise<T> {
      return await navigator.locks.request(lockName(lock), work);
    },
    describe: (key) => `${key} in this browser`,
  };
}

function isJournal(name: string): boolean {
  return name.endsWith('.jsonl');
}

function journalNames(database: IDBDatabase): Promise<string[]> {
  const index = database.transaction(RECORDS, 'readonly').objectStore(RECORDS).index(BY_JOURNAL);
  const request = index.openKeyCursor(null, 'nextunique');
  return new Promise((resolve, reject) => {
    const names: string[] = [];
    request.onerror = () => reject(request.error);
    request.onsuccess = () => {
      const cursor = request.result;
      if (!cursor) return resolve(names);
      names.push(String(cursor.key));
      cursor.continue();
    };
  });
}

function takeLock(name: string): Promise<() => Promise<void>> {
  return new Promise((resolve, reject) => {
    let free: () => void = () => undefined;
    const held = navigator.locks.request(name, { ifAvailable: true }, (lock) => {
      if (!lock) throw locked();
      return new Promise<void>((release) => {
        free = release;
        resolve(async () => {
          free();
          await held;
        });
      });
    });
    held.catch(reject);
  });
}

function locked(): BuyerError {
  return new BuyerError('locked', 'Another page of this browser is at work on it.', {
    next: 'Go on there, or close that page and try again.',
  });
}
