import { readdirSync, readFileSync } from 'node:fs';

/**
 * Memory of all processes that live below one, itself left out, bytes. Linux alone tells it.
 * @param field VmRSS for what is resident now, VmHWM for the most that each ever had
 */
export function memoryBelow(pid: number, field: 'VmRSS' | 'VmHWM'): number {
  return descendants(pid).reduce((sum, child) => sum + residentBytes(child, field), 0);
}

function descendants(pid: number): readonly number[] {
  const children = threads(pid).flatMap((thread) => {
    const list = read(`/proc/${pid}/task/${thread}/children`);
    return list.split(' ').filter(Boolean).map(Number);
  });
  return children.flatMap((child) => [child, ...descendants(child)]);
}

function threads(pid: number): readonly string[] {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch {
    return [];
  }
}

function residentBytes(pid: number, field: string): number {
  const line = new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(read(`/proc/${pid}/status`));
  return Number(line?.[1] ?? 0) * 1024;
}

/** Empty where the process is gone. */
function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
