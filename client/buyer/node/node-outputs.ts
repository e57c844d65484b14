import { constants } from 'node:fs';
import { type FileHandle, rename, statfs } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { SizedFile } from '../../../shared/dataset/layout.ts';
import { datasetFiles, refuseOverwriting } from '../dataset-files.ts';
import { filesWritten, refuseNamesTheDiskRefuses } from '../disk-names.ts';
import { BuyerError } from '../errors.ts';
import type { DatasetToKeep, OutputFiles, Outputs } from '../outputs.ts';
import { isInside, isWhole, makeFolders, openNoFollow } from '../safe-paths.ts';
import { nodeTransfers } from '../transfer/node-transfers.ts';
import type { ProxyEnvironment } from '../transfer/proxy.ts';
import { syncFolder } from './durable-files.ts';

export interface NodeOutputsOptions {
  /** Where proxies are named. */
  readonly environment: ProxyEnvironment;
  /** The built worker that moves the data; without it, all happens in the caller's thread. */
  readonly segmentWorker?: URL;
}

const FLUSH_CHARACTERS = 256 * 1024;

/** Folders, filled by worker threads. */
export function nodeOutputs({ environment, segmentWorker }: NodeOutputsOptions): Outputs {
  return {
    resolve: (output) => resolve(output),
    refuseOverwriting,
    open: openFolder,
    transfers: (options) => nodeTransfers({ ...options, environment, workerFile: segmentWorker }),
  };
}

async function openFolder(
  folder: string,
  { manifest, manifestId, selection }: DatasetToKeep,
): Promise<OutputFiles> {
  const partial = `.spillway-partial-${manifestId.slice(0, 12)}`;
  const files = await datasetFiles(folder, manifest.files, partial, selection.isWanted);
  const { output } = files;
  // Its own name, before anything is in it that was paid for.
  await syncFolder(dirname(output));
  await refuseNamesTheDiskRefuses(output, partial, filesWritten(manifest, selection));
  return {
    ...files,
    async freeBytes() {
      const { bavail, bsize } = await statfs(output);
      return bavail * bsize;
    },
    async isFinished(index) {
      const file = manifest.files[index];
      return file !== undefined && (await isWhole(join(output, file.path), file.size));
    },
    read: (index, offset, length) =>
      readPiece([output, join(output, partial)], manifest.files[index], offset, length),
    async writeNote(path, lines) {
      const made = new Set<string>();
      await makeFolders(output, path, made);
      for (const folder of made) await syncFolder(folder);
      await writeLines(join(output, path), lines);
    },
  };
}

const READ_BYTES = 1024 * 1024;

async function* readPiece(
  roots: readonly string[],
  file: SizedFile | undefined,
  offset: number,
  length: number,
): AsyncGenerator<Uint8Array> {
  const handle = file && (await openIn(roots, file));
  if (!handle) throw new BuyerError('disk', `${file?.path ?? 'A file'} is not there.`);
  try {
    for (let done = 0; done < length; ) {
      const buffer = new Uint8Array(Math.min(READ_BYTES, length - done));
      const { bytesRead } = await handle.read(buffer, 0, buffer.length, offset + done);
      if (bytesRead === 0) throw new BuyerError('disk', `${file.path} is shorter than it was.`);
      yield buffer.subarray(0, bytesRead);
      done += bytesRead;
    }
  } finally {
    await handle.close();
  }
}

/** It may get its final name between two looks, so the first place is looked at again. */
async function openIn(roots: readonly string[], file: SizedFile): Promise<FileHandle | undefined> {
  for (const root of [...roots, ...roots.slice(0, 1)]) {
    const path = join(root, file.path);
    const isThere = (await isWhole(path, file.size)) && (await isInside(root, file.path));
    const handle = isThere && (await openNoFollow(path, constants.O_RDONLY).catch(() => undefined));
    if (handle) return handle;
  }
  return undefined;
}

async function writeLines(path: string, lines: Iterable<string>): Promise<void> {
  const temporary = `${path}.new`;
  const file = await openNoFollow(temporary, constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC);
  try {
    let text = '';
    for (const line of lines) {
      text += line;
      if (text.length < FLUSH_CHARACTERS) continue;
      await file.writeFile(text);
      text = '';
    }
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, path);
  await syncFolder(dirname(path));
}
