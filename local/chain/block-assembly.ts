import { Block, Transaction } from 'bitcoinjs-lib';
import { type BlockRecord, type ChainState, describeBlock, medianTimePast, tipOf } from './chain-state.ts';
import { hexToBytes } from './hex.ts';
import type { MempoolEntry } from './mempool.ts';

/** Regtest's first block, the same for everyone. */
const GENESIS =
  '0100000000000000000000000000000000000000000000000000000000000000000000003ba3edfd7a7b12b27ac72c3e67768f61' +
  '7fc81bc3888a51323a9fb8aa4b1e5e4adae5494dffff7f20020000000101000000010000000000000000000000000000000000000000' +
  '000000000000000000000000ffffffff4d04ffff001d0104455468652054696d65732030332f4a616e2f32303039204368616e63656c' +
  '6c6f72206f6e206272696e6b206f66207365636f6e64206261696c6f757420666f722062616e6b73ffffffff0100f2052a0100000043' +
  '4104678afdb0fe5548271967f1a67130b7105cd6a828e03909a67962e0ea1f61deb649f6bc3f4cef38c4f35504e51ec112de5c384df7' +
  'ba0b8d578a4c702b6bf11d5fac00000000';

export const REGTEST_BITS = 0x207fffff;
const SUBSIDY = 5_000_000_000n;
/** Regtest halves much sooner than the main network. */
const HALVING_INTERVAL = 150;
/** Leaves room for header and coinbase below the consensus limit of 4,000,000. */
const MAX_TRANSACTIONS_WEIGHT = 3_992_000;
const BLOCK_VERSION = 0x20000000;
/** Reserved value in the coinbase's witness, zero as everywhere (BIP141). */
const WITNESS_RESERVED = new Uint8Array(32);
const WITNESS_COMMITMENT_PREFIX = [0x6a, 0x24, 0xaa, 0x21, 0xa9, 0xed];

export const genesisRecord = (): BlockRecord => describeBlock(Block.fromHex(GENESIS), 0, 0);

/**
 * Builds and mines the next block.
 * @param entries parents before children
 * @param now unix seconds
 */
export function assembleBlock(
  chain: ChainState,
  entries: readonly MempoolEntry[],
  payTo: Uint8Array,
  now: number,
): BlockRecord {
  const tip = tipOf(chain);
  const height = tip.height + 1;
  const chosen = fitting(entries);
  const fees = chosen.reduce((sum, entry) => sum + entry.fee, 0n);
  const coinbase = coinbaseTransaction(height, payTo, subsidyAt(height) + fees);
  const transactions = [coinbase, ...chosen.map((entry) => entry.tx)];
  const commitment = Block.calculateMerkleRoot(transactions, true);
  coinbase.addOutput(Uint8Array.from([...WITNESS_COMMITMENT_PREFIX, ...commitment]), 0n);

  const block = new Block();
  block.version = BLOCK_VERSION;
  block.prevHash = reversedHash(tip.hash);
  block.merkleRoot = Block.calculateMerkleRoot(transactions);
  block.timestamp = Math.max(medianTimePast(chain, tip.height) + 1, now);
  block.bits = REGTEST_BITS;
  block.nonce = 0;
  block.witnessCommit = commitment;
  block.transactions = transactions;
  // A block that was mined and invalidated in the same second would otherwise come out again, hash and all.
  while (!block.checkProofOfWork() || chain.blocks.has(block.getId())) block.nonce += 1;
  return describeBlock(block, height, chain.blocks.size);
}

function fitting(entries: readonly MempoolEntry[]): MempoolEntry[] {
  const chosen: MempoolEntry[] = [];
  let weight = 0;
  for (const entry of entries) {
    weight += entry.tx.weight();
    if (weight > MAX_TRANSACTIONS_WEIGHT) break;
    chosen.push(entry);
  }
  return chosen;
}

function subsidyAt(height: number): bigint {
  const halvings = BigInt(Math.floor(height / HALVING_INTERVAL));
  return halvings >= 64n ? 0n : SUBSIDY >> halvings;
}

function coinbaseTransaction(height: number, payTo: Uint8Array, value: bigint): Transaction {
  const tx = new Transaction();
  tx.version = 2;
  tx.addInput(new Uint8Array(32), 0xffffffff, 0xffffffff, Uint8Array.from([...pushHeight(height), 0]));
  tx.setWitness(0, [WITNESS_RESERVED]);
  tx.addOutput(payTo, value);
  return tx;
}

/** BIP34: the height as a minimally encoded script number, small ones as their opcodes. */
function pushHeight(height: number): number[] {
  if (height <= 16) return [0x50 + height];
  const digits: number[] = [];
  for (let rest = height; rest > 0; rest >>>= 8) digits.push(rest & 0xff);
  if (((digits.at(-1) ?? 0) & 0x80) !== 0) digits.push(0);
  return [digits.length, ...digits];
}

function reversedHash(hash: string): Uint8Array {
  const bytes = hexToBytes(hash);
  if (!bytes) throw new Error(`${hash} is no block hash`);
  return bytes.reverse();
}
