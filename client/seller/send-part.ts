import { webcrypto } from 'node:crypto';
import type { ObjectUploader, StoredPart } from '../../shared/dataset/objects.ts';
import type { TakenSpan } from './content.ts';
import type { SegmentBuffers } from './segment-buffers.ts';

/** Off the thread that feeds the sockets. */
export async function sha256(bytes: Uint8Array): Promise<Uint8Array> {
  return new Uint8Array(await webcrypto.subtle.digest('SHA-256', bytes));
}

export function sameBytes(one: Uint8Array, other: Uint8Array): boolean {
  return Buffer.compare(one, other) === 0;
}

/** A span whose bytes are in memory: they are sent unless the store has just these. */
export function spanInMemory(
  objects: Pick<ObjectUploader, 'putPart'>,
  buffers: SegmentBuffers,
  bytes: Uint8Array,
): TakenSpan {
  return {
    async hash() {
      const hash = await sha256(bytes);
      buffers.giveBack(bytes);
      return hash;
    },
    async send(target, there): Promise<StoredPart> {
      const hash = await sha256(bytes);
      const tag =
        there && sameBytes(there.sha256, hash) ? there.tag : await objects.putPart(target, bytes, hash);
      buffers.giveBack(bytes);
      return { tag, sha256: hash };
    },
  };
}
