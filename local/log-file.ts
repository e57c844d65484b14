import { createWriteStream, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Sends what the handlers log, which Lambda would send to CloudWatch, to a file, a line each: a person reads the terminal.
 * Before the first of them logs anything.
 */
export function logToFile(path: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const file = createWriteStream(path, { flags: 'a', mode: 0o600 });
  const write = (line: unknown) => {
    if (file.writableCorked === 0) {
      // A payment leaves two lines, and many may be under way: what one turn of the loop says is written at once.
      file.cork();
      setImmediate(() => file.uncork());
    }
    file.write(`${new Date().toISOString()} ${oneLine(line)}\n`);
  };
  // Powertools' own mode for a developer's machine: through the console, which can be led elsewhere, where stdout cannot.
  Object.assign(process.env, { POWERTOOLS_DEV: 'true', POWERTOOLS_METRICS_DISABLED: 'false' });
  Object.assign(console, { log: write, info: write, warn: write });
}

/** In that mode a line comes indented, over many. */
function oneLine(line: unknown): string {
  return typeof line === 'string' ? line.replace(/\s*\n\s*/g, ' ') : JSON.stringify(line);
}
