import { BuyerError } from '../errors.ts';

/** Records of journals by their place, and everything else by its name. */
export const RECORDS = 'records';
export const VALUES = 'values';
/** Of `RECORDS`. */
export const BY_JOURNAL = 'journal';

/** A line of a journal. */
export interface StoredRecord {
  readonly journal: string;
  readonly position: number;
  readonly line: string;
}

export function openDatabase(name: string): Promise<IDBDatabase> {
  const request = indexedDB.open(name, 1);
  request.onupgradeneeded = () => {
    const records = request.result.createObjectStore(RECORDS, { keyPath: ['journal', 'position'] });
    records.createIndex(BY_JOURNAL, 'journal');
    request.result.createObjectStore(VALUES);
  };
  return answerOf(request);
}

/**
 * One transaction that changes something. Returns once all of it is on the disk: `strict` is what makes a browser wait for that
 * (https://w3c.github.io/IndexedDB/#transaction-durability-hint).
 */
export function change(
  database: IDBDatabase,
  store: string,
  work: (store: IDBObjectStore) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const transaction = database.transaction(store, 'readwrite', { durability: 'strict' });
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(notKept(transaction.error));
    work(transaction.objectStore(store));
  });
}

export function look<T>(
  database: IDBDatabase,
  store: string,
  ask: (store: IDBObjectStore) => IDBRequest<T>,
): Promise<T> {
  return answerOf(ask(database.transaction(store, 'readonly').objectStore(store)));
}

function answerOf<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(notKept(request.error));
  });
}

function notKept(cause: DOMException | null): BuyerError {
  return new BuyerError(
    'disk',
    `The browser keeps nothing for this page: ${cause?.message ?? 'it gave up'}.`,
    {
      next: 'Make room on the disk, allow this page to store data, and leave private windows; then go on.',
      cause,
    },
  );
}
