import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** The file in a shop's folder that holds its environment, KEY=VALUE a line; `spillway shop dev` writes it. */
export const SHOP_ENVIRONMENT_FILE = 'shop.env';

const NAME = /^[A-Z][A-Z0-9_]*$/;

/**
 * Reads a shop's environment file: one KEY=VALUE a line, values as they stand, `#` begins a comment line.
 * @throws Error where the file is not there, is readable by others (it holds the seller's key), or has another line
 */
export async function readShopEnvironment(folder: string): Promise<Record<string, string>> {
  const path = join(folder, SHOP_ENVIRONMENT_FILE);
  const stats = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') {
      throw new Error(`${path} is not there: is ${folder} the folder of a shop?`);
    }
    throw error;
  });
  // Windows has no such modes and answers 0o666 for every file.
  if (process.platform !== 'win32' && (stats.mode & 0o077) !== 0) {
    throw new Error(`${path} holds the seller's key and may be read by others: chmod 600 ${path}`);
  }
  return parseShopEnvironment(await readFile(path, 'utf8'), path);
}

export function parseShopEnvironment(text: string, path: string): Record<string, string> {
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
