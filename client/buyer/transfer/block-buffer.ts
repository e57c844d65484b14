import { BLOCK_BYTES, giveBackBlock, PAGE_BYTES, takeBlock } from './aligned-memory.ts';

/** @param mayWait false where the bytes must not be looked at afterwards */
export type Take = (bytes: Uint8Array, mayWait: boolean) => Taken;

export interface Taken {
  /** Milliseconds to wait before more is read. */
  readonly wait: number;
  /** Until then the bytes must stay as they are; without it nobody looks at them any more. */
  readonly written?: Promise<void> | undefined;
}

/** What a connection reads into. While the disk has one block the next one fills; a third has to wait for the first. */
export interface BlockBuffer {
  /** @param most bytes that may lie here at a time */
  room(most: number): Uint8Array;
  /** @param room into which so many bytes came: the last one that was asked for, though others may have been taken since */
  add(room: Uint8Array, count: number): void;
  /** What came and nobody has taken. */
  bytes(): Uint8Array;
  /** Takes bytes away from the start; what is left begins so far beyond a page's border. */
  cut(length: number, lead: number): void;
  /** @returns milliseconds to wait before more is read, later where the disk has too much already */
  give(take: Take): number | Promise<number>;
  /** What waits for the disk, and with `all` what came besides, is taken before this returns. */
  giveNow(take: Take, all: boolean): number;
  isWaiting(): boolean;
  clear(): void;
  /** Nothing reads into it any more. */
  close(): void;
}

interface Full {
  readonly block: Uint8Array;
  readonly bytes: Uint8Array;
}

export function blockBuffer(): BlockBuffer {
  let block = takeBlock();
  /** What nobody has taken lies between these two. */
  let begin = 0;
  let filled = 0;
  let writing: Promise<void> | undefined;
  let waiting: Full | undefined;

  const bytes = () => block.subarray(begin, filled);
  const takeBytes = (take: Take): number => {
    const { wait } = take(bytes(), false);
    begin = filled === BLOCK_BYTES ? 0 : filled;
    filled = begin;
    return wait;
  };
  const takeWaiting = (take: Take): number => {
    if (!waiting) return 0;
    const { block: full, bytes: first } = waiting;
    waiting = undefined;
    const { wait } = take(first, false);
    giveBackBlock(full);
    return wait;
  };
  /** In memory as in the file: what comes next lies as far beyond a page's border. */
  const changeBlock = () => {
    block = takeBlock();
    begin = filled % PAGE_BYTES;
    filled = begin;
  };
  const write = (written: Promise<void>, full: Uint8Array) => {
    const mine = written.finally(() => {
      giveBackBlock(full);
      if (writing === mine) writing = undefined;
    });
    writing = mine;
    // Whoever closes the file is told.
    mine.catch(() => undefined);
  };
  return {
    room: (most) => block.subarray(filled, Math.min(BLOCK_BYTES, begin + most)),
    add({ byteOffset }, count) {
      if (begin === filled) begin = byteOffset;
      filled = byteOffset + count;
    },
    bytes,
    cut(length, lead) {
      block.copyWithin(lead, begin + length, filled);
      filled = lead + filled - begin - length;
      begin = lead;
    },
    give(take) {
      // More came than was asked for, as TLS and proxies have it.
      if (waiting) return takeWaiting(take) + takeBytes(take);
      const full: Full = { block, bytes: bytes() };
      if (writing !== undefined) {
        waiting = full;
        changeBlock();
        return writing.then(() => {
          if (waiting !== full) return 0;
          waiting = undefined;
          const { wait, written = Promise.resolve() } = take(full.bytes, true);
          write(written, full.block);
          return wait;
        });
      }
      const { wait, written } = take(full.bytes, true);
      if (written === undefined) {
        begin = filled === BLOCK_BYTES ? 0 : filled;
        filled = begin;
      } else {
        changeBlock();
        write(written, full.block);
      }
      return wait;
    },
    giveNow(take, all) {
      const wait = takeWaiting(take);
      return all && filled > begin ? wait + takeBytes(take) : wait;
    },
    isWaiting: () => waiting !== undefined,
    clear() {
      begin = 0;
      filled = 0;
    },
    close: () => giveBackBlock(block),
  };
}
