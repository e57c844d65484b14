/** Memory that segments take turns in: left to the collector, it grows to several times what is in use. */
export interface SegmentBuffers {
  lend(length: number): Uint8Array;
  giveBack(buffer: Uint8Array): void;
}

export function segmentBuffers(): SegmentBuffers {
  const free: ArrayBufferLike[] = [];
  return {
    lend(length) {
      const memory = free.pop();
      const fits = memory !== undefined && memory.byteLength >= length;
      return new Uint8Array(fits ? memory : new ArrayBuffer(length), 0, length);
    },
    giveBack: (buffer) => free.push(buffer.buffer),
  };
}
