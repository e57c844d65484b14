/** A page of memory and of a file, as far as the disk is concerned; what is written past the page cache lies on such borders. */
export const PAGE_BYTES = 4096;

const free: Uint8Array[] = [];

/**
 * Memory that a disk can read by itself. Node has no call for it, but WebAssembly's memory begins at a border of 64 KiB
 * (https://webassembly.github.io/spec/core/exec/runtime.html#memory-instances has the size; V8 maps it by whole pages).
 */
export function takeBlock(): Uint8Array {
  return free.pop() ?? new Uint8Array(new WebAssembly.Memory(PAGES).buffer);
}

/** Only what nobody reads into any more. */
export function giveBackBlock(block: Uint8Array): void {
  free.push(block);
}

/** Large enough that the disk is as fast as it can be and its calls cost nothing. */
export const BLOCK_BYTES = 1024 * 1024;
const WASM_PAGE = 64 * 1024;
const PAGES = { initial: BLOCK_BYTES / WASM_PAGE, maximum: BLOCK_BYTES / WASM_PAGE };
