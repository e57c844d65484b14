import { spawn } from 'node:child_process';
import { dirname } from 'node:path';
import { createInterface } from 'node:readline';

/** Runs a program in its own folder and gives the lines it printed. @throws where it fails, with what it said */
export async function runProgram(
  file: string,
  environment: Readonly<Record<string, string>>,
  onLine: (line: string) => void,
): Promise<readonly string[]> {
  const child = spawn(process.execPath, [file], {
    cwd: dirname(file),
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const lines: string[] = [];
  let errors = '';
  child.stderr.on('data', (text) => {
    errors += text;
  });
  createInterface({ input: child.stdout }).on('line', (line) => {
    lines.push(line);
    onLine(line);
  });
  const code = await new Promise((resolve) => child.on('close', resolve));
  if (code !== 0) throw new Error(`${file} ended with ${code}:\n${errors}\n${lines.join('\n')}`);
  return lines;
}
