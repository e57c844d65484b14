import { readFile } from 'node:fs/promises';

export interface PageFile {
  /** Of its content. */
  readonly type: string;
  readonly body: Uint8Array;
}

const FILES = [
  ['/', 'index.html', 'text/html; charset=utf-8'],
  ['/page.js', 'page.js', 'text/javascript; charset=utf-8'],
  ['/page-style.css', 'page-style.css', 'text/css; charset=utf-8'],
] as const;

/**
 * The page's files by the paths under which they are served.
 * @param folder where the build put them
 */
export async function consolePageFiles(folder: URL): Promise<ReadonlyMap<string, PageFile>> {
  const files = FILES.map(async ([path, name, type]) => {
    return [path, { type, body: await readFile(new URL(name, folder)) }] as const;
  });
  return new Map(await Promise.all(files));
}
