import type { ChildProcess } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { startChild } from './children.ts';

export interface Command {
  readonly program: string;
  readonly args: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** Every line of its standard error, as it comes. */
  readonly onLine?: (line: string) => void;
}

/** What a command took: it and all its children. */
export interface Measured {
  readonly seconds: number;
  /** User and system. */
  readonly cpuSeconds: number;
  /** Resident, in bytes: the sum of the peaks of the processes that lived together, looked at every 20 ms. */
  readonly peakBytes: number;
  readonly stdout: string;
}

/** Milliseconds. */
const SAMPLE_EVERY = 20;
/** The shell's own clock, on descriptor 3: what `wait` says of the whole tree of children. */
const TIMED = 'TIMEFORMAT="%3R %3U %3S"; { time "$@" 2>&4 3>&- 4>&-; } 4>&2 2>&3';

/** Runs a command to its end. @throws Error with what it printed where it failed */
export async function measure({ program, args, environment, onLine }: Command): Promise<Measured> {
  const pipes = ['ignore', 'pipe', 'pipe', 'pipe'] as const;
  const shell = startChild('bash', ['-c', TIMED, 'bash', program, ...args], [...pipes], environment);
  const { stdout, stderr } = shell;
  const times = shell.stdio[3];
  if (!stdout || !stderr || !times || !('read' in times)) throw new Error('the shell has no pipes');
  const printed: string[] = [];
  createInterface({ input: stderr }).on('line', (line) => {
    printed.push(line);
    onLine?.(line);
  });
  const memory = watchMemory(shell);
  const ended = new Promise<number | null>((resolve, reject) => {
    shell.once('error', reject);
    shell.once('close', resolve);
  });
  const [output, clock, code] = await Promise.all([text(stdout), text(times), ended]);
  const peakBytes = memory.stop();
  if (code !== 0) throw new Error(`${program} ${args[0]} ended with ${code}:\n${printed.join('\n')}`);
  const [seconds = Number.NaN, user = Number.NaN, system = Number.NaN] = clock.trim().split(' ').map(Number);
  return { seconds, cpuSeconds: user + system, peakBytes, stdout: output };
}

function watchMemory({ pid }: ChildProcess): { stop(): number } {
  let peak = 0;
  const look = () => {
    const bytes = descendants(pid ?? 0).reduce((sum, child) => sum + residentBytes(child, 'VmHWM'), 0);
    peak = Math.max(peak, bytes);
  };
  const timer = setInterval(look, SAMPLE_EVERY);
  return {
    stop() {
      clearInterval(timer);
      return peak;
    },
  };
}

/** Processes that live below one, not itself. */
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

/** @param field VmRSS for now, VmHWM for the most there was. @returns 0 for a process that is gone */
export function residentBytes(pid: number, field: 'VmRSS' | 'VmHWM'): number {
  const [, kibibytes = '0'] =
    new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(read(`/proc/${pid}/status`)) ?? [];
  return Number(kibibytes) * 1024;
}

/** Empty where the process is gone. */
function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
