import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isAlive, processName } from './process-id.ts';

/**
 * Keeps a second process out of a data folder. A process that was killed leaves its lock behind, and the lock then
 * counts for nothing.
 * @returns a function that lets go
 * @throws if a living process holds the folder
 */
export function lockFolder(folder: string): () => void {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, 'lock');
  const holder = existsSync(file) ? readFileSync(file, 'utf8') : '';
  const pid = Number.parseInt(holder, 10);
  if (pid > 0 && isAlive(pid) && processName(pid) === holder) {
    throw new Error(`${folder} is in use by process ${pid}`);
  }
  writeFileSync(file, processName(process.pid));
  return () => rmSync(file, { force: true });
}
