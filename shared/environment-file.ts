import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** The file in a local shop's folder that holds the shop's environment; `spillway shop dev` writes it. */
const ENVIRONMENT_FILE = 'shop.env';

export function environmentFile(shopFolder: string): string {
  return join(shopFolder, ENVIRONMENT_FILE);
}

const NAME = /^[A-Z][A-Z0-9_]*$/;

/**
 * Reads an environment file: one KEY=VALUE a line, values as they stand, `#` begins a comment line.
 * @throws Error where the file is not there, is readable by others (it holds the seller's key), or has another line
 */
export async function readEnvironmentFile(path: string): Promise<Record<string, string>> {
  const stats = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') {
      throw new Error(`${path} is not there: did a shop ever start in this folder?`);
    }
    throw error;
  });
  // Windows has no such modes and answers 0o666 for every file.
  if (process.platform !== 'win32' && (stats.mode & 0o077) !== 0) {
    throw new Error(`${path} holds the seller's key and may be read by others: chmod 600 ${path}`);
  }
  return parseEnvironment(await readFile(path, 'utf8'), path);
}

export function parseEnvironment(text: string, path: string): Record<string, string> {
  const variables: Record<string, string> = {};
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (line === '' || line.startsWith('#')) continue;
    const separator = line.indexOf('=');
    const name = line.slice(0, Math.max(separator, 0));
    // The line is not shown: it may be the key.
    if (!NAME.test(name)) throw new Error(`${path}: line ${index + 1} is not KEY=VALUE`);
    variables[name] = line.slice(separator + 1);
  }
  return variables;
}

/** The inverse of `parseEnvironment`. */
export function formatEnvironment(variables: Readonly<Record<string, string>>): string {
  return Object.entries(variables)
    .map(([name, value]) => {
      if (!NAME.test(name) || /[\r\n]/.test(value)) throw new RangeError(`${name} does not fit on a line`);
      return `${name}=${value}\n`;
    })
    .join('');
}
