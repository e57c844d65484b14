import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cleanEnvironment } from './environment.ts';

const running = new Map<ChildProcess, Promise<unknown>>();

/** Starts a program in a process group of its own, so that it can be ended with all that it starts. */
export function startChild(
  program: string,
  args: readonly string[],
  stdio: StdioOptions,
  environment: Readonly<Record<string, string>> = {},
): ChildProcess {
  const child = spawn(program, args, { stdio, env: cleanEnvironment(environment), detached: true });
  const ended = once(child, 'close').catch(() => undefined);
  running.set(child, ended);
  void ended.then(() => running.delete(child));
  return child;
}

/** Without a warning. @returns once it is gone */
export async function killChild(child: ChildProcess): Promise<void> {
  const ended = running.get(child);
  if (!ended) return;
  try {
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
  } catch {
    // It went by itself meanwhile.
  }
  await ended;
}

/** As a person would. @returns once it is gone */
export async function stopChild(child: ChildProcess): Promise<void> {
  child.kill('SIGTERM');
  await running.get(child);
}

export async function killChildren(): Promise<void> {
  await Promise.all([...running.keys()].map(killChild));
}
