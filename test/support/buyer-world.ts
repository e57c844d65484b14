import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Buyer } from '../../client/buyer/buyer-context.ts';
import { nodeHome } from '../../client/buyer/node/node-home.ts';
import { nodePlatform } from '../../client/buyer/node/node-platform.ts';
import { openWallet, type Wallet } from '../../client/buyer/wallet.ts';
import { systemClock } from '../../shared/clock.ts';
import { fileStarts, type SizedFile, segmentCount, segmentSpan } from '../../shared/dataset/layout.ts';
import { type Manifest, manifestBytes, segmentSizeFor } from '../../shared/dataset/manifest.ts';
import { type FakeShop, type FakeShopOptions, startFakeShop } from './fake-shop.ts';
import { type MemoryChain, memoryChain } from './memory-chain.ts';

const MIB = 1024 * 1024;

export interface TestDataset {
  readonly data: Buffer;
  readonly manifest: Manifest;
  readonly manifestBytes: Uint8Array;
}

/** Bytes that are the same in every run and differ from segment to segment. */
export function patternBytes(length: number): Buffer {
  const data = Buffer.alloc(length);
  for (let at = 0; at < length; at += 4096) data.writeUInt32BE(at >>> 0, at > length - 4 ? length - 4 : at);
  return data;
}

/** A manifest as publishing makes it; segments of any size, for tests that do not pass it through its checks. */
export function describeData(
  data: Uint8Array,
  files: readonly SizedFile[],
  chunkSize: number,
  segmentSize = segmentSizeFor(chunkSize),
): Manifest {
  const shape = { totalSize: data.length, chunkSize, segmentSize };
  const chunks = Array.from({ length: Math.ceil(data.length / chunkSize) }, (_, chunk) => {
    const digests = Array.from({ length: segmentCount(shape, chunk) }, (_, segment) => {
      const { start, length } = segmentSpan(shape, chunk, segment);
      return hash(data.subarray(start, start + length));
    });
    return {
      root: hash(Buffer.concat(digests)).toString('hex'),
      segments: digests.map((one) => one.toString('hex')),
    };
  });
  const starts = fileStarts(files);
  return {
    format: 'spillway-manifest/2',
    name: 'numbers',
    description: '',
    licence: '',
    files: files.map((file, index) => ({
      ...file,
      sha256: hash(data.subarray(starts[index], starts[index + 1])).toString('hex'),
    })),
    ...shape,
    chunks,
  };
}

/** Three chunks, the last one short, in files that cross their borders. */
export function smallDataset(chunks = 3): TestDataset {
  const totalSize = (chunks - 1) * 5 * MIB + MIB;
  const data = patternBytes(totalSize);
  const files = [
    { path: 'a/first.bin', size: 3 * MIB },
    { path: 'empty.txt', size: 0 },
    { path: 'b/second.bin', size: totalSize - 3 * MIB },
  ];
  const manifest = describeData(data, files, 5 * MIB);
  return { data, manifest, manifestBytes: manifestBytes(manifest) };
}

export interface BuyerWorld {
  readonly chain: MemoryChain;
  readonly shop: FakeShop;
  readonly buyer: Buyer;
  readonly home: string;
  readonly output: string;
  readonly wallet: Wallet;
  /** Pays the wallet's deposit address in the next block. */
  deposit(satoshis: bigint): Promise<void>;
  end(): Promise<void>;
}

/** A buyer, a shop and a chain, with nothing bought yet. */
export async function buyerWorld(
  dataset: TestDataset,
  options: Pick<FakeShopOptions, 'policy' | 'pricePerChunk'> = {},
): Promise<BuyerWorld> {
  const root = await mkdtemp(join(tmpdir(), 'buyer-'));
  const home = join(root, 'home');
  const chain = memoryChain();
  const shop = await startFakeShop({ chain, ...dataset, ...options });
  const wallet = await openWallet(nodeHome(home), 'regtest');
  return {
    chain,
    shop,
    home,
    output: join(root, 'out'),
    wallet,
    buyer: {
      ...nodePlatform(home, { environment: {} }),
      chain,
      clock: systemClock,
      pollInterval: 1,
      retry: { retries: 2, firstDelay: 1 },
    },
    async deposit(satoshis) {
      chain.pay(wallet.keys.external(0).script, satoshis);
    },
    async end() {
      await shop.stop();
      await rm(root, { recursive: true, force: true });
    },
  };
}

export function hash(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest();
}
