import { existsSync, readFileSync } from 'node:fs';

/** Is there such a process, one that has not ended? */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return processStat(pid)?.state !== 'Z';
  } catch {
    return false;
  }
}

/**
 * A name for a process that no later one with the same number shares: its number and, where the system tells, the
 * moment it started.
 */
export function processName(pid: number): string {
  return `${pid} ${processStat(pid)?.started ?? ''}`.trim();
}

/** Linux alone tells (proc(5)); elsewhere undefined. State Z: ended, but nobody has asked for its exit code. */
function processStat(pid: number): { state: string; started: string } | undefined {
  const file = `/proc/${pid}/stat`;
  if (!existsSync(file)) return undefined;
  // The second field is the program's name in brackets and may hold anything, so fields are counted from its end.
  const fields = readFileSync(file, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ');
  return { state: fields[0] ?? '', started: fields[19] ?? '' };
}
