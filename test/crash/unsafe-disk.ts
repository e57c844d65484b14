import { existsSync, mkdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

/**
 * What a power cut may leave of the files that were changed since the start, as POSIX has it: of a file what was last synced,
 * and of a name (made, renamed) what its folder was when that was last synced. Folders themselves stay.
 */
export interface UnsafeDisk {
  /** Call before a file is opened, made or removed. */
  touch(path: string): void;
  rename(from: string, to: string): void;
  syncFile(path: string): void;
  syncFolder(path: string): void;
  cutPower(): void;
}

export function unsafeDisk(): UnsafeDisk {
  /** What is left of each name: nothing where undefined. */
  const durable = new Map<string, Buffer | undefined>();
  /** The synced content of names that are not durable themselves. */
  const synced = new Map<string, Buffer>();
  /** Names whose folder was not synced since they changed, with the name that each took its file from. */
  const pending = new Map<string, string | undefined>();

  const touch = (given: string): void => {
    const path = placeOf(given);
    if (durable.has(path)) return;
    const content = existsSync(path) ? readFileSync(path) : undefined;
    durable.set(path, content);
    if (content === undefined) pending.set(path, undefined);
  };
  return {
    touch,
    rename(fromGiven, toGiven) {
      const from = placeOf(fromGiven);
      const to = placeOf(toGiven);
      touch(from);
      touch(to);
      synced.set(to, synced.get(from) ?? durable.get(from) ?? Buffer.alloc(0));
      pending.set(to, from);
    },
    syncFile(given) {
      const path = placeOf(given);
      touch(path);
      const content = readFileSync(path);
      synced.set(path, content);
      if (!pending.has(path)) durable.set(path, content);
    },
    syncFolder(given) {
      const folder = realpathSync(given);
      for (const [path, from] of [...pending]) {
        if (dirname(path) !== folder) continue;
        pending.delete(path);
        durable.set(path, existsSync(path) ? (synced.get(path) ?? Buffer.alloc(0)) : undefined);
        if (from !== undefined) durable.set(from, undefined);
      }
    },
    cutPower() {
      for (const [path, content] of durable) {
        if (content === undefined) rmSync(path, { force: true });
        else {
          mkdirSync(dirname(path), { recursive: true });
          writeFileSync(path, content, { mode: 0o600 });
        }
      }
    },
  };
}

/** The same file may be named by its number, or through an open folder (/proc/self/fd), and that is soon another's. */
function placeOf(path: string): string {
  if (dirname(path) === '/proc/self/fd') return realpathSync(path);
  const folder = dirname(path);
  return existsSync(folder) ? join(realpathSync(folder), basename(path)) : path;
}
