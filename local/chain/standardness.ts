import { script as scripts, type Transaction } from 'bitcoinjs-lib';
import { type Rejection, reject } from './rejection.ts';
import type { TransactionRecord } from './transaction-record.ts';

const MAX_MONEY = 2_100_000_000_000_000n;
const MAX_STANDARD_WEIGHT = 400_000;
const MAX_BLOCK_WEIGHT = 4_000_000;
/** Smaller ones look like inner nodes of the merkle tree (CVE-2017-12842). */
const MIN_STANDARD_NONWITNESS_SIZE = 65;
const MAX_SCRIPT_SIG = 1650;
const MAX_OP_RETURN_SCRIPT = 83;
/** Satoshis per 1,000 vB at which spending an output is priced. */
const DUST_RELAY_RATE = 3000n;

const NULL_OUTPOINT = `${'0'.repeat(64)}:${0xffffffff}`;

/** Consensus rules that need no context. */
export function checkForm({ tx, spends }: TransactionRecord): Rejection | undefined {
  if (tx.ins.length === 0) return reject('bad-txns-vin-empty');
  if (tx.outs.length === 0) return reject('bad-txns-vout-empty');
  if (tx.byteLength(false) * 4 > MAX_BLOCK_WEIGHT) return reject('bad-txns-oversize');
  let total = 0n;
  for (const output of tx.outs) {
    if (output.value < 0n) return reject('bad-txns-vout-negative');
    if (output.value > MAX_MONEY) return reject('bad-txns-vout-toolarge');
    total += output.value;
    if (total > MAX_MONEY) return reject('bad-txns-txouttotal-toolarge');
  }
  if (new Set(spends).size !== spends.length) return reject('bad-txns-inputs-duplicate');
  if (spends.length === 1 && spends[0] === NULL_OUTPOINT) return checkCoinbase(tx);
  return spends.includes(NULL_OUTPOINT) ? reject('bad-txns-prevout-null') : undefined;
}

function checkCoinbase(tx: Transaction): Rejection {
  const length = tx.ins[0]?.script.length ?? 0;
  return length < 2 || length > 100 ? reject('bad-cb-length') : reject('coinbase');
}

/** The relay rules that need no context, under the names of Bitcoin Knots 29; Core says `dust` for `dust-nonanchor`. */
export function checkStandard({ tx }: TransactionRecord): Rejection | undefined {
  if (tx.version < 1 || tx.version > 3) return reject('version');
  if (tx.weight() > MAX_STANDARD_WEIGHT) return reject('tx-size');
  for (const { script } of tx.ins) {
    if (script.length > MAX_SCRIPT_SIG) return reject('scriptsig-size');
    if (script.length > 0 && !scripts.isPushOnly(scripts.decompile(script) ?? [-1])) {
      return reject('scriptsig-not-pushonly');
    }
  }
  return checkOutputs(tx) ?? checkSize(tx);
}

function checkOutputs(tx: Transaction): Rejection | undefined {
  let dataOutputs = 0;
  for (const output of tx.outs) {
    const kind = scriptKind(output.script);
    if (kind === 'nonstandard') return reject('scriptpubkey');
    if (kind === 'multisig') return reject('bare-multisig');
    if (kind === 'nulldata') dataOutputs += 1;
    else if (output.value < dustLimit(output.script)) return reject('dust-nonanchor');
  }
  if (dataOutputs > 1) return reject('multi-op-return');
  return dataOutputs === tx.outs.length ? reject('bare-datacarrier') : undefined;
}

const checkSize = (tx: Transaction): Rejection | undefined =>
  tx.byteLength(false) < MIN_STANDARD_NONWITNESS_SIZE ? reject('tx-size-small') : undefined;

export type ScriptKind =
  | 'pubkeyhash'
  | 'scripthash'
  | 'witness_v0_keyhash'
  | 'witness_v0_scripthash'
  | 'witness_v1_taproot'
  | 'witness_unknown'
  | 'multisig'
  | 'nulldata'
  | 'nonstandard';

export function scriptKind(script: Uint8Array): ScriptKind {
  const [first, second] = script;
  if (script.length === 25 && startsWith(script, [0x76, 0xa9, 20]) && endsWith(script, [0x88, 0xac]))
    return 'pubkeyhash';
  if (script.length === 23 && startsWith(script, [0xa9, 20]) && endsWith(script, [0x87])) return 'scripthash';
  if (first === 0x6a) return isPushOnly(script) ? 'nulldata' : 'nonstandard';
  if (isMultisig(script)) return 'multisig';
  if (first === undefined || second === undefined || second !== script.length - 2) return 'nonstandard';
  if (second < 2 || second > 40) return 'nonstandard';
  if (first === 0) {
    if (second === 20) return 'witness_v0_keyhash';
    return second === 32 ? 'witness_v0_scripthash' : 'nonstandard';
  }
  if (first < 0x51 || first > 0x60) return 'nonstandard';
  return first === 0x51 && second === 32 ? 'witness_v1_taproot' : 'witness_unknown';
}

/** One to three compressed keys, bare. */
function isMultisig(script: Uint8Array): boolean {
  const keys = (script.length - 3) / 34;
  if (keys < 1 || keys > 3 || script.at(-1) !== 0xae || script.at(-2) !== 0x50 + keys) return false;
  const required = (script[0] ?? 0) - 0x50;
  if (required < 1 || required > keys) return false;
  return Array.from({ length: keys }, (_, index) => script[1 + index * 34]).every((push) => push === 33);
}

const startsWith = (script: Uint8Array, bytes: number[]): boolean =>
  bytes.every((byte, index) => script[index] === byte);
const endsWith = (script: Uint8Array, bytes: number[]): boolean =>
  bytes.every((byte, index) => script[script.length - bytes.length + index] === byte);

/** OP_RETURN followed by pushes of up to 75 bytes and one of up to 255, the whole within the relay limit. */
function isPushOnly(script: Uint8Array): boolean {
  if (script.length > MAX_OP_RETURN_SCRIPT) return false;
  let at = 1;
  while (at < script.length) {
    const opcode = script[at] ?? 0;
    if (opcode === 76) at += 2 + (script[at + 1] ?? Number.POSITIVE_INFINITY);
    else if (opcode < 76) at += 1 + opcode;
    else if (opcode >= 0x4f && opcode <= 0x60) at += 1;
    else return false;
  }
  return at === script.length;
}

/** Satoshis below which an output costs more to spend than it holds. */
export function dustLimit(script: Uint8Array): bigint {
  const output = 8 + 1 + script.length;
  const witness = scriptKind(script).startsWith('witness');
  const spend = witness ? 32 + 4 + 1 + Math.floor(107 / 4) + 4 : 32 + 4 + 1 + 107 + 4;
  return (BigInt(output + spend) * DUST_RELAY_RATE) / 1000n;
}
