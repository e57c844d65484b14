import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { learnSecretsOf, logOf } from './command-folders.ts';
import { checkPrinted } from './printed-secrets.ts';
import { builtCommandFolder } from './shared-build.ts';

/** How a command ended and what it printed. */
export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunningCommand {
  readonly process: ChildProcess;
  readonly ended: Promise<Ended>;
  /** Resolves with the first line of either stream that matches; rejects where the command ends without it. */
  line(pattern: RegExp): Promise<string>;
  /** Ends it without a warning. */
  kill(): Promise<Ended>;
}

export interface StartOptions {
  readonly environment?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

/** The command as it is shipped, for one test file. */
export interface BuiltCommand {
  start(args: readonly string[], options?: StartOptions): RunningCommand;
  run(args: readonly string[], options?: StartOptions): Promise<Ended>;
  /** Runs `node dist/demo.js`. */
  demo(args: readonly string[], options?: StartOptions): Promise<Ended>;
  /** Runs `node dist/drill.js`. */
  drill(args: readonly string[], options?: StartOptions): Promise<Ended>;
  /** Kills what still runs. */
  end(): Promise<void>;
}

export function buildCommand(): BuiltCommand {
  const folder = builtCommandFolder();
  const running = new Set<RunningCommand>();

  const launch = (program: string, args: readonly string[], options: StartOptions = {}): RunningCommand => {
    const command = startProcess(join(folder, program), args, options);
    running.add(command);
    void command.ended.then(() => running.delete(command));
    return command;
  };
  return {
    start: (args, options) => launch('spillway.js', args, options),
    run: (args, options) => launch('spillway.js', args, options).ended,
    demo: (args, options) => launch('demo.js', args, options).ended,
    drill: (args, options) => launch('drill.js', args, options).ended,
    async end() {
      await Promise.all([...running].map((command) => command.kill()));
    },
  };
}

function startProcess(
  program: string,
  args: readonly string[],
  { environment, cwd }: StartOptions,
): RunningCommand {
  const child = spawn(process.execPath, [program, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...environment },
    ...(cwd !== undefined && { cwd }),
  });
  const printed = { stdout: '', stderr: '' };
  const lines: string[] = [];
  const waiting = new Set<() => void>();
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream].setEncoding('utf8').on('data', (text: string) => {
      printed[stream] += text;
    });
    createInterface({ input: child[stream] }).on('line', (line) => {
      lines.push(line);
      for (const look of waiting) look();
    });
  }
  const ended = new Promise<Ended>((settle, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      learnSecretsOf(args);
      checkPrinted(program, printed.stdout, printed.stderr, logOf(args));
      settle({ code, signal, ...printed });
    });
  });
  return {
    process: child,
    ended,
    line: (pattern) =>
      new Promise((settle, reject) => {
        const look = () => {
          const found = lines.find((line) => pattern.test(line));
          if (found === undefined) return;
          waiting.delete(look);
          settle(found);
        };
        waiting.add(look);
        look();
        void ended.then(({ code, stdout, stderr }) => {
          look();
          reject(new Error(`it ended with ${code} and never said ${pattern}:\n${stdout}${stderr}`));
        });
      }),
    kill() {
      child.kill('SIGKILL');
      return ended;
    },
  };
}

/** The JSON object of the last line of the output. */
export function lastJson({ stdout }: Pick<Ended, 'stdout'>): Record<string, unknown> {
  return JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '');
}
