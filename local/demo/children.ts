import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** The built command, as `npx spillway` runs it; the demo is built beside it. */
const SPILLWAY = fileURLToPath(new URL('./spillway.js', import.meta.url));

export interface Child {
  readonly process: ChildProcess;
  /** Settles when it ended: the last line of its output, and how it ended. */
  readonly ended: Promise<{
    readonly lastLine: string;
    readonly code: number | null;
    readonly signal: string | null;
  }>;
}

/**
 * Runs `spillway` with arguments.
 * @param onLine every line of its output and of its progress, as it comes
 */
export function spillway(
  args: readonly string[],
  onLine: (line: string, child: ChildProcess) => void = () => {},
): Child {
  const child = spawn(process.execPath, [SPILLWAY, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let lastLine = '';
  createInterface({ input: child.stdout }).on('line', (line) => {
    lastLine = line;
    onLine(line, child);
  });
  createInterface({ input: child.stderr }).on('line', (line) => onLine(line, child));
  const ended = new Promise<Awaited<Child['ended']>>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ lastLine, code, signal }));
  });
  return { process: child, ended };
}

/** Runs it to its end. @returns the JSON object of its last line. @throws Error with what it printed where it failed */
export async function spillwayJson(
  args: readonly string[],
  onLine: (line: string) => void = () => {},
): Promise<Record<string, unknown>> {
  const printed: string[] = [];
  const { lastLine, code } = await spillway([...args, '--json'], (line) => {
    printed.push(line);
    onLine(line);
  }).ended;
  if (code !== 0) throw new Error(`spillway ${args[0]} ended with ${code}:\n${printed.join('\n')}`);
  return JSON.parse(lastLine);
}
