import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { cleanEnvironment } from '../transfer/environment.ts';

/** A server in a process of its own, so that its CPU and memory are its own too. */
export interface Server {
  readonly url: string;
  /** What it has used so far, user and system, milliseconds. */
  cpuMs(): number;
  /** Resident, bytes. */
  memory(): number;
  stop(): Promise<void>;
}

/** Of /proc/<pid>/stat: a hundredth of a second on every Linux that Node runs on (USER_HZ). */
const MS_PER_TICK = 10;
const PAGE_BYTES = 4_096;

/** Starts a script that prints its address when it is ready, and ends on SIGTERM. */
export async function startServer(
  script: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<Server> {
  const child = spawn(process.execPath, ['scripts/run.mjs', script, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: cleanEnvironment(environment),
  });
  const url = await firstLine(child);
  return {
    url,
    cpuMs() {
      const fields = stat(child);
      return (Number(fields[11]) + Number(fields[12])) * MS_PER_TICK;
    },
    memory: () => Number(stat(child)[21]) * PAGE_BYTES,
    stop: () =>
      new Promise((resolve) => {
        child.once('exit', () => resolve());
        child.kill('SIGTERM');
      }),
  };
}

function firstLine(child: ChildProcess): Promise<string> {
  const { stdout } = child;
  if (!stdout) throw new Error('the server has no pipe');
  return new Promise((resolve, reject) => {
    createInterface({ input: stdout }).once('line', resolve);
    child.once('exit', (code) => reject(new Error(`the server ended with ${code}`)));
  });
}

/** Fields of proc(5)'s stat from the third on: the second is a name that may hold spaces. */
function stat({ pid }: ChildProcess): readonly string[] {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return text.slice(text.lastIndexOf(')') + 2).split(' ');
}
