import { randomBytes } from 'node:crypto';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { BuyerError, systemCode } from '../errors.ts';
import { PRIVATE_FILE } from './durable-files.ts';

/**
 * Takes a lock that no second process holds at once. A lock whose process is gone is stale and taken over; on Linux a
 * process number that was given out again is told apart by its start time.
 * @returns the function that gives it back
 * @throws BuyerError locked
 */
export async function acquireLock(path: string): Promise<() => Promise<void>> {
  const mine = `${process.pid} ${await startTime(process.pid)} ${randomBytes(8).toString('hex')}`;
  for (let attempt = 0; attempt < 5; attempt++) {
    try {
      await writeFile(path, mine, { flag: 'wx', mode: PRIVATE_FILE });
      return async () => {
        if ((await contentOf(path)) === mine) await rm(path, { force: true });
      };
    } catch (error) {
      if (systemCode(error) !== 'EEXIST') throw error;
    }
    const holder = await contentOf(path);
    if (holder !== undefined && (await isAlive(holder))) break;
    if (holder !== undefined) await removeStale(path, holder);
  }
  throw new BuyerError('locked', `Another process is at work here (${path}).`, {
    next: 'Wait for it to end, or stop it, then run the command again.',
  });
}

/** Takes a lock that is held for moments only, waiting for its turn. */
export async function withLock<T>(path: string, work: () => Promise<T>): Promise<T> {
  const release = await acquireSoon(path);
  try {
    return await work();
  } finally {
    await release();
  }
}

async function acquireSoon(path: string): Promise<() => Promise<void>> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await acquireLock(path);
    } catch (error) {
      if (!(error instanceof BuyerError) || attempt === 200) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

/** Moves it away first: of two processes that find it stale only one moves that very lock, the other puts back what it got. */
async function removeStale(path: string, holder: string): Promise<void> {
  const aside = `${path}.${randomBytes(6).toString('hex')}`;
  try {
    await rename(path, aside);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return;
    throw error;
  }
  if ((await contentOf(aside)) === holder) await rm(aside, { force: true });
  else await rename(aside, path);
}

async function isAlive(holder: string): Promise<boolean> {
  const [pid = '', started = ''] = holder.split(' ');
  if (!/^[1-9][0-9]{0,9}$/.test(pid)) return false;
  try {
    process.kill(Number(pid), 0);
  } catch (error) {
    if (systemCode(error) === 'ESRCH') return false;
  }
  return started === '' || (await startTime(Number(pid))) === started;
}

/** Clock ticks since boot at which a process started (proc(5), field 22); empty where the system does not tell. */
async function startTime(pid: number): Promise<string> {
  const stat = (await contentOf(`/proc/${pid}/stat`)) ?? '';
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
}

async function contentOf(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch {
    return undefined;
  }
}
