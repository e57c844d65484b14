import { address as addresses, networks, script as scripts, type Transaction } from 'bitcoinjs-lib';
import type { EsploraIndex, IndexedBlock, IndexedTransaction, SpendingInput } from './esplora-index.ts';
import { bytesToHex } from './hex.ts';
import type { TransactionRecord } from './transaction-record.ts';

/** Esplora's JSON, field by field as electrs of Blockstream and of mempool.space write it. */
export type Json = Readonly<Record<string, unknown>>;

export function statusView(block: IndexedBlock | undefined): Json {
  if (!block) return { confirmed: false };
  return { confirmed: true, block_height: block.height, block_hash: block.hash, block_time: block.time };
}

export function transactionView(index: EsploraIndex, { record, block }: IndexedTransaction): Json {
  const { tx, txid } = record;
  return {
    txid,
    version: tx.version,
    locktime: tx.locktime,
    vin: tx.ins.map((_, position) => inputView(index, tx, position)),
    vout: tx.outs.map(outputView),
    size: tx.byteLength(),
    weight: tx.weight(),
    fee: Number(feeOf(index, record)),
    status: statusView(block),
  };
}

function inputView(index: EsploraIndex, tx: Transaction, position: number): Json {
  const input = tx.ins[position];
  if (!input) throw new Error(`no input ${position}`);
  const previous = prevoutOf(index, input);
  return {
    txid: reversedHex(input.hash),
    vout: input.index,
    prevout: previous ? outputView(previous) : null,
    scriptsig: bytesToHex(input.script),
    scriptsig_asm: asm(input.script),
    ...(input.witness.length > 0 && { witness: input.witness.map(bytesToHex) }),
    is_coinbase: tx.isCoinbase(),
    sequence: input.sequence,
    ...(previous && isWitnessScriptHash(previous.script) && innerScript(input.witness)),
  };
}

function innerScript(witness: readonly Uint8Array[]): Json {
  const last = witness.at(-1);
  return last ? { inner_witnessscript_asm: asm(last) } : {};
}

export function outputView({ script, value }: Transaction['outs'][number]): Json {
  const address = addressOf(script);
  return {
    scriptpubkey: bytesToHex(script),
    scriptpubkey_asm: asm(script),
    scriptpubkey_type: kindOf(script),
    ...(address !== undefined && { scriptpubkey_address: address }),
    value: Number(value),
  };
}

export function spendingView(index: EsploraIndex, spending: SpendingInput | undefined): Json {
  if (!spending) return { spent: false };
  const { block } = index.transaction(spending.txid) ?? {};
  return { spent: true, txid: spending.txid, vin: spending.vin, status: statusView(block) };
}

/** @param position in the answer to a script's coins */
export function coinView(index: EsploraIndex, { txid, vout }: { txid: string; vout: number }): Json {
  const found = index.transaction(txid);
  return {
    txid,
    vout,
    status: statusView(found?.block),
    value: Number(found?.record.tx.outs[vout]?.value ?? 0),
  };
}

/** vB in one step of the histogram (electrs, util/fees.rs). */
const HISTOGRAM_STEP = 50_000;

export function mempoolView(index: EsploraIndex): Json {
  const entries = index
    .waiting()
    .map((record) => {
      const fee = feeOf(index, record);
      return { fee, vsize: record.vsize, rate: Number(fee) / record.vsize };
    })
    .sort((one, other) => other.rate - one.rate);
  const histogram: [rate: number, vsize: number][] = [];
  let step = 0;
  for (const [position, { vsize, rate }] of entries.entries()) {
    step += vsize;
    const next = entries[position + 1];
    if (next && (step <= HISTOGRAM_STEP || next.rate === rate)) continue;
    histogram.push([rate, step]);
    step = 0;
  }
  return {
    count: entries.length,
    vsize: entries.reduce((sum, { vsize }) => sum + vsize, 0),
    total_fee: Number(entries.reduce((sum, { fee }) => sum + fee, 0n)),
    fee_histogram: histogram,
  };
}

function feeOf(index: EsploraIndex, { tx }: TransactionRecord): bigint {
  if (tx.isCoinbase()) return 0n;
  const paidIn = tx.ins.reduce((sum, input) => sum + (prevoutOf(index, input)?.value ?? 0n), 0n);
  return tx.outs.reduce((rest, { value }) => rest - value, paidIn);
}

const prevoutOf = (index: EsploraIndex, { hash, index: vout }: Transaction['ins'][number]) =>
  index.transaction(reversedHex(hash))?.record.tx.outs[vout];

const isWitnessScriptHash = (script: Uint8Array): boolean =>
  script.length === 34 && script[0] === 0 && script[1] === 32;

function kindOf(script: Uint8Array): string {
  const hex = bytesToHex(script);
  const known: readonly (readonly [pattern: RegExp, kind: string])[] = [
    [/^$/, 'empty'],
    [/^6a/, 'op_return'],
    [/^(21.{66}|41.{130})ac$/, 'p2pk'],
    [/^76a914.{40}88ac$/, 'p2pkh'],
    [/^a914.{40}87$/, 'p2sh'],
    [/^0014.{40}$/, 'v0_p2wpkh'],
    [/^0020.{64}$/, 'v0_p2wsh'],
    [/^5120.{64}$/, 'v1_p2tr'],
  ];
  return known.find(([pattern]) => pattern.test(hex))?.[1] ?? 'unknown';
}

function addressOf(script: Uint8Array): string | undefined {
  try {
    return addresses.fromOutputScript(script, networks.regtest);
  } catch {
    return undefined;
  }
}

/** Pushes and small numbers in rust-bitcoin's spelling, which is electrs's. */
function asm(script: Uint8Array): string {
  const parts = scripts.decompile(script);
  if (!parts) return '';
  const words = parts.map((part) => {
    if (typeof part !== 'number') return `OP_PUSHBYTES_${part.length} ${bytesToHex(part)}`;
    if (part >= 0x51 && part <= 0x60) return `OP_PUSHNUM_${part - 0x50}`;
    return scripts.toASM(Uint8Array.of(part));
  });
  return words.join(' ');
}

const reversedHex = (bytes: Uint8Array): string => bytesToHex(Uint8Array.from(bytes).reverse());
