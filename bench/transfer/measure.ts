import type { ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { startChild } from './children.ts';
import { memoryBelow } from './memory.ts';

export interface Command {
  readonly program: string;
  readonly args: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** Every line of its standard error, as it comes. */
  readonly onLine?: (line: string) => void;
  /** What it and its children hold resident, bytes, every 20 ms. */
  readonly onMemory?: (bytes: number) => void;
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
export async function measure({ program, args, environment, onLine, onMemory }: Command): Promise<Measured> {
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
  const memory = watchMemory(shell, onMemory);
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

function watchMemory({ pid = 0 }: ChildProcess, onMemory?: (bytes: number) => void): { stop(): number } {
  let peak = 0;
  const timer = setInterval(() => {
    peak = Math.max(peak, memoryBelow(pid, 'VmHWM'));
    onMemory?.(memoryBelow(pid, 'VmRSS'));
  }, SAMPLE_EVERY);
  return {
    stop() {
      clearInterval(timer);
      return peak;
    },
  };
}
