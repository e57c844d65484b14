import { createHash } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import type { ObjectUploader, StoredPart } from '../../shared/dataset/objects.ts';
import type { TakenSpan } from './content.ts';
import type { SegmentBuffers } from './segment-buffers.ts';

/** Bytes that are hashed at one go, in less than a millisecond. */
const SLICE = 1024 * 1024;

/** In slices, between which the sockets are fed; WebCrypto hashes on another thread, but copies the segment for it. */
export async function sha256(bytes: Uint8Array): Promise<Uint8Array> {
  const hash = createHash('sha256');
  for (let at = 0; at < bytes.length; at += SLICE) {
    hash.update(bytes.subarray(at, at + SLICE));
    await setImmediate();
  }
  return new Uint8Array(hash.digest());
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
