import { realpath } from 'node:fs/promises';
import { basename } from 'node:path';
import { fileStarts, type Span } from '../../shared/dataset/layout.ts';
import type { ObjectUploader } from '../../shared/dataset/objects.ts';
import type { Content, HashMemory, Passage } from './content.ts';
import { fileHasher } from './file-hasher.ts';
import { readSpan } from './read-files.ts';
import { segmentBuffers } from './segment-buffers.ts';
import { spanInMemory } from './send-part.ts';
import { checkUnchanged, fingerprint, listSourceFiles, type SourceFile } from './source-files.ts';

/**
 * A file or a folder of this machine.
 * @throws PublishRefused where no dataset can be made of it
 */
export async function fileContent(path: string, objects: Pick<ObjectUploader, 'putPart'>): Promise<Content> {
  const files = await listSourceFiles(path);
  const place = await realpath(path);
  return {
    name: basename(place),
    place,
    files,
    fingerprint: fingerprint(files),
    readable: true,
    passage: (memory) => passageThrough(files, objects, memory),
    transferred: (span) => span.length,
    checkUnchanged: () => checkUnchanged(files),
  };
}

function passageThrough(
  files: readonly SourceFile[],
  objects: Pick<ObjectUploader, 'putPart'>,
  memory: HashMemory,
): Passage {
  const starts = fileStarts(files);
  const hasher = fileHasher(starts, memory);
  const buffers = segmentBuffers();
  async function read(span: Span): Promise<Uint8Array> {
    const bytes = buffers.lend(span.length);
    await readSpan(files, starts, span, bytes);
    await hasher.feed(span, bytes);
    return bytes;
  }
  return {
    take: async (span) => spanInMemory(objects, buffers, await read(span)),
    async pass(span) {
      if (hasher.needs(span)) buffers.giveBack(await read(span));
    },
    fileHashes: () => hasher.hashes(),
  };
}
