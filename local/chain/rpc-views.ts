import { address as addresses, networks, script as scripts } from 'bitcoinjs-lib';
import { REGTEST_BITS } from './block-assembly.ts';
import { type BlockRecord, type ChainState, medianTimePast, tipOf } from './chain-state.ts';
import { bytesToHex } from './hex.ts';
import { scriptKind } from './standardness.ts';
import type { TransactionRecord } from './transaction-record.ts';

/** Coins with eight decimals. Every amount up to 21 million coins survives the way through a double. */
export const toCoins = (sats: bigint): number => Number(sats) / 100_000_000;

const REGTEST_DIFFICULTY = 4.656542373906925e-10;
/** Work per block at the regtest target. */
const chainworkAt = (height: number): string => ((height + 1) * 2).toString(16).padStart(64, '0');

export function confirmationsOf(chain: ChainState, record: BlockRecord): number {
  return chain.active[record.height] === record ? tipOf(chain).height - record.height + 1 : -1;
}

export function headerView(chain: ChainState, record: BlockRecord): Record<string, unknown> {
  const { block, hash, height } = record;
  const next = chain.active[height] === record ? chain.active[height + 1] : undefined;
  return {
    hash,
    confirmations: confirmationsOf(chain, record),
    height,
    version: block.version,
    versionHex: (block.version >>> 0).toString(16).padStart(8, '0'),
    merkleroot: reversedHex(block.merkleRoot),
    time: record.time,
    mediantime: medianTimePast(chain, height),
    nonce: block.nonce,
    bits: REGTEST_BITS.toString(16),
    difficulty: REGTEST_DIFFICULTY,
    chainwork: chainworkAt(height),
    nTx: record.transactions.length,
    ...(height > 0 ? { previousblockhash: record.previous } : {}),
    ...(next ? { nextblockhash: next.hash } : {}),
  };
}

export function blockView(
  chain: ChainState,
  record: BlockRecord,
  verbosity: number,
): Record<string, unknown> {
  return {
    ...headerView(chain, record),
    strippedsize: record.block.byteLength(false, false),
    size: record.block.byteLength(false, true),
    weight: record.block.weight(),
    tx: record.transactions.map((transaction) =>
      verbosity < 2 ? transaction.txid : { ...transactionView(transaction), hex: transaction.raw },
    ),
  };
}

export function transactionView({ tx, txid, wtxid, vsize }: TransactionRecord): Record<string, unknown> {
  return {
    txid,
    hash: wtxid,
    version: tx.version,
    size: tx.byteLength(),
    vsize,
    weight: tx.weight(),
    locktime: tx.locktime,
    vin: tx.ins.map((input) => ({
      ...(tx.isCoinbase()
        ? { coinbase: bytesToHex(input.script) }
        : {
            txid: reversedHex(input.hash),
            vout: input.index,
            scriptSig: { asm: scripts.toASM(input.script), hex: bytesToHex(input.script) },
          }),
      ...(input.witness.length > 0 ? { txinwitness: input.witness.map(bytesToHex) } : {}),
      sequence: input.sequence,
    })),
    vout: tx.outs.map((output, n) => ({
      value: toCoins(output.value),
      n,
      scriptPubKey: scriptView(output.script),
    })),
  };
}

export function scriptView(script: Uint8Array): Record<string, unknown> {
  const address = addressOf(script);
  return {
    asm: scripts.toASM(script),
    hex: bytesToHex(script),
    ...(address === undefined ? {} : { address }),
    type: scriptKind(script),
  };
}

function addressOf(script: Uint8Array): string | undefined {
  try {
    return addresses.fromOutputScript(script, networks.regtest);
  } catch {
    return undefined;
  }
}

const reversedHex = (bytes: Uint8Array | undefined): string =>
  bytesToHex(Uint8Array.from(bytes ?? []).reverse());
