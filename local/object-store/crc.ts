/** The CRCs that node:zlib lacks. Both are reflected, with all ones as start value and as final xor. */
export interface Crc {
  update(data: Uint8Array): void;
  /** Big-endian, as S3 encodes it. */
  digest(): Uint8Array;
}

const CASTAGNOLI = 0x82f63b78;
// CRC-64/NVME (NVM Express specification, "64b CRC"), reflected polynomial 9a6c9329ac4bc9b5 as two halves.
const NVME_HIGH = 0x9a6c9329;
const NVME_LOW = 0xac4bc9b5;

const table32 = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ CASTAGNOLI : value >>> 1;
  return value;
});

export function crc32c(): Crc {
  let state = 0xffffffff;
  return {
    update(data) {
      for (const byte of data) state = (state >>> 8) ^ (table32[(state ^ byte) & 255] ?? 0);
    },
    digest: () => bigEndian(~state),
  };
}

const tableHigh = new Uint32Array(256);
const tableLow = new Uint32Array(256);
for (let byte = 0; byte < 256; byte++) {
  let high = 0;
  let low = byte;
  for (let bit = 0; bit < 8; bit++) {
    const odd = low & 1;
    low = (low >>> 1) | (high << 31);
    high >>>= 1;
    if (odd) {
      high ^= NVME_HIGH;
      low ^= NVME_LOW;
    }
  }
  tableHigh[byte] = high;
  tableLow[byte] = low;
}

/** In two 32-bit halves: bigint would be fifty times slower. */
export function crc64nvme(): Crc {
  let high = 0xffffffff;
  let low = 0xffffffff;
  return {
    update(data) {
      for (const byte of data) {
        const index = (low ^ byte) & 255;
        low = ((low >>> 8) | (high << 24)) ^ (tableLow[index] ?? 0);
        high = (high >>> 8) ^ (tableHigh[index] ?? 0);
      }
    },
    digest: () => Buffer.concat([bigEndian(~high), bigEndian(~low)]),
  };
}

export function bigEndian(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value | 0);
  return bytes;
}
