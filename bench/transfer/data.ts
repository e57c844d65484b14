import { createCipheriv } from 'node:crypto';
import { open } from 'node:fs/promises';

/** Bytes made and written at once: a multiple of the cipher's block. */
const BLOCK_BYTES = 8 * 2 ** 20;
const KEY = Buffer.from('spillway bench 1');

/** The dataset of the benchmarks: AES-128 in counter mode over nothing, so that no byte repeats and none need be kept. */
export function* datasetBytes(length: number): Generator<Buffer> {
  const cipher = createCipheriv('aes-128-ctr', KEY, Buffer.alloc(16));
  const zeros = Buffer.alloc(BLOCK_BYTES);
  for (let at = 0; at < length; at += BLOCK_BYTES) {
    yield cipher.update(zeros.subarray(0, Math.min(BLOCK_BYTES, length - at)));
  }
}

/** Writes it to a file, and each piece of it to a file of its own as a server of chunks keeps them. */
export async function writeDataset(path: string, length: number): Promise<void> {
  const file = await open(path, 'wx');
  try {
    for (const bytes of datasetBytes(length)) await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** @param path of the chunk, by its number */
export async function writeChunks(
  path: (chunk: number) => string,
  length: number,
  chunkSize: number,
): Promise<void> {
  let written = 0;
  let file = await open(path(0), 'wx');
  for (const block of datasetBytes(length)) {
    for (let rest = block; rest.length > 0; ) {
      if (written > 0 && written % chunkSize === 0) {
        await file.close();
        file = await open(path(written / chunkSize), 'wx');
      }
      const piece = rest.subarray(0, chunkSize - (written % chunkSize));
      await file.writeFile(piece);
      written += piece.length;
      rest = rest.subarray(piece.length);
    }
  }
  await file.close();
}
