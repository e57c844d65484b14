import { createWriteStream, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';

/** Sends what the handlers log, which Lambda would send to CloudWatch, to a file: a person reads the terminal. */
export function logToFile(path: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const file = createWriteStream(path, { flags: 'a', mode: 0o600 });
  console.log = (line: unknown) =>
    void file.write(
      `${new Date().toISOString()} ${typeof line === 'string' ? line : JSON.stringify(line)}\n`,
    );
}
