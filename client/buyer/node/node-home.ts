import { readdir, readFile } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { systemCode } from '../errors.ts';
import type { Home } from '../home.ts';
import { makePrivateFolder, writeDurably } from './durable-files.ts';
import { openJournalFile, readJournalFile } from './journal-file.ts';
import { acquireLock, withLock } from './lock.ts';

/** A folder for its owner alone, made when something is first kept in it. */
export function nodeHome(folder: string): Home {
  const pathOf = (name: string) => join(folder, ...name.split('/'));
  /** With its folder. */
  const pathIn = async (name: string) => {
    const path = pathOf(name);
    await makePrivateFolder(dirname(path));
    return path;
  };
  return {
    openJournal: async (name, schema) => openJournalFile(await pathIn(name), schema),
    readJournal: (name, schema) => readJournalFile(pathOf(name), schema),
    async read(name) {
      try {
        return await readFile(pathOf(name));
      } catch (error) {
        if (systemCode(error) === 'ENOENT') return undefined;
        throw error;
      }
    },
    write: async (name, bytes) => writeDurably(await pathIn(name), bytes),
    async names() {
      const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
      return entries
        .filter((entry) => entry.isFile())
        .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join('/'));
    },
    lock: async (name) => acquireLock(await pathIn(name)),
    withLock: async (name, work) => withLock(await pathIn(name), work),
    describe: pathOf,
  };
}
