/** A file with SHA-256 of the whole of it, hex. */
export interface HashedFile {
  readonly path: string;
  readonly sha256: string;
}

/**
 * Lines that `sha256sum -c` takes, to be run in the folder that the paths begin in. A dataset's paths have none of the
 * characters that would have to be escaped in them.
 */
export function* checksumLines(files: Iterable<HashedFile>): Generator<string> {
  // A name of one dash alone would mean standard input.
  for (const { path, sha256 } of files) yield `${sha256}  ${path === '-' ? './-' : path}\n`;
}
