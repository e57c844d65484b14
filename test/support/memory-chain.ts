import { bytesToHex } from '@noble/hashes/utils.js';
import { Transaction } from 'bitcoinjs-lib';
import type { BuyerChain } from '../../client/buyer/buyer-context.ts';
import type { BroadcastOutcome, Outpoint } from '../../shared/chain/chain.ts';

interface Output {
  readonly value: bigint;
  readonly script: Uint8Array;
  height: number | undefined;
}

interface SpendEntry {
  readonly txid: string;
  readonly raw: string;
  height: number | undefined;
}

/** A chain in memory that keeps real transactions: outputs, conflicts, locktimes; signatures it takes on trust. */
export interface MemoryChain extends BuyerChain {
  mine(blocks?: number): void;
  height(): number;
  /** Pays a script in the next block. */
  pay(script: Uint8Array, value: bigint): Outpoint;
  /** Confirmed and waiting transactions that pay to a script. */
  paymentsTo(script: Uint8Array): readonly { readonly txid: string; readonly value: bigint }[];
  readonly broadcasts: string[];
  /** What the next broadcasts answer, whatever is sent. */
  readonly outcomes: BroadcastOutcome[];
  rate: bigint;
  /** What the mempool takes at the least, satoshis per 1,000 vB. */
  floor: bigint;
}

export function memoryChain(start = 500): MemoryChain {
  let height = start;
  let coins = 0;
  const outputs = new Map<string, Output>();
  const spends = new Map<string, SpendEntry>();
  const known = new Set<string>();
  const keyOf = ({ txid, vout }: Outpoint) => `${txid}:${vout}`;
  const hashAt = (at: number) => at.toString(16).padStart(64, '0');
  const confirmation = (at: number | undefined) =>
    at === undefined ? {} : { confirmation: { height: at, blockHash: hashAt(at) } };

  const feeOf = ({ ins, outs }: Transaction): bigint => {
    const brought = ins.map(
      ({ hash, index }) => outputs.get(`${bytesToHex(hash.toReversed())}:${index}`)?.value ?? 0n,
    );
    const paid = outs.map(({ value }) => BigInt(value));
    return [...brought, ...paid.map((value) => -value)].reduce((sum, value) => sum + value, 0n);
  };
  const forget = (txid: string): void => {
    known.delete(txid);
    for (const key of [...outputs.keys()]) if (key.startsWith(txid)) outputs.delete(key);
    for (const [key, spend] of [...spends]) if (spend.txid === txid) spends.delete(key);
  };

  const accept = (raw: string): BroadcastOutcome => {
    const transaction = Transaction.fromHex(raw);
    const txid = transaction.getId();
    if (known.has(txid)) return { kind: 'already-known' };
    if (transaction.locktime > height) return { kind: 'non-final', detail: 'non-final' };
    const inputs = transaction.ins.map(({ hash, index }) => `${bytesToHex(hash.toReversed())}:${index}`);
    if (inputs.some((input) => !outputs.has(input) || spends.get(input)?.height !== undefined)) {
      return { kind: 'missing-inputs', detail: 'missing-inputs' };
    }
    const replaced = inputs.flatMap((input) => spends.get(input) ?? []);
    const least = replaced.reduce((sum, { raw: old }) => sum + feeOf(Transaction.fromHex(old)), 0n);
    const relay = replaced.length > 0 ? BigInt(transaction.virtualSize()) : 0n;
    if (feeOf(transaction) < least + relay) {
      return { kind: 'replacement-too-low', detail: 'insufficient fee' };
    }
    for (const { txid: old } of replaced) forget(old);
    for (const input of inputs) spends.set(input, { txid, raw, height: undefined });
    transaction.outs.forEach(({ script, value }, vout) => {
      outputs.set(`${txid}:${vout}`, { script, value: BigInt(value), height: undefined });
    });
    known.add(txid);
    return { kind: 'accepted' };
  };

  const chain: MemoryChain = {
    broadcasts: [],
    outcomes: [],
    rate: 2_000n,
    floor: 1_000n,
    height: () => height,
    mine(blocks = 1) {
      height += 1;
      for (const entry of [...outputs.values(), ...spends.values()]) entry.height ??= height;
      height += blocks - 1;
    },
    pay(script, value) {
      coins += 1;
      const outpoint = { txid: coins.toString(16).padStart(64, 'c'), vout: 0 };
      outputs.set(keyOf(outpoint), { script, value, height: undefined });
      chain.mine();
      return outpoint;
    },
    paymentsTo: (script) =>
      [...outputs].flatMap(([key, output]) =>
        bytesToHex(output.script) === bytesToHex(script)
          ? [{ txid: key.slice(0, 64), value: output.value }]
          : [],
      ),
    tip: async () => ({ height, hash: hashAt(height), time: 0 }),
    unspentOutput: async (outpoint) => {
      const output = outputs.get(keyOf(outpoint));
      if (!output || spends.has(keyOf(outpoint))) return undefined;
      return { value: output.value, script: output.script, coinbase: false, ...confirmation(output.height) };
    },
    spend: async (outpoint) => {
      const spend = spends.get(keyOf(outpoint));
      return spend && { txid: spend.txid, raw: spend.raw, ...confirmation(spend.height) };
    },
    feeRate: async () => chain.rate,
    broadcast: async (raw) => {
      chain.broadcasts.push(raw);
      return chain.outcomes.shift() ?? accept(raw);
    },
    mempoolEntry: async (txid) => {
      const spend = [...spends.values()].find((one) => one.txid === txid && one.height === undefined);
      if (!spend) return undefined;
      const transaction = Transaction.fromHex(spend.raw);
      const size = transaction.virtualSize();
      const fee = feeOf(transaction);
      return {
        fee,
        virtualSize: size,
        descendantFees: fee,
        descendantVirtualSize: size,
        descendantCount: 1,
      };
    },
    replacementRate: async () => ({ incremental: 1_000n, floor: chain.floor }),
    outputsPayingTo: async (scripts) => {
      const wanted = new Set(scripts.map((script) => bytesToHex(script)));
      return [...outputs].flatMap(([key, { script, value, height: at }]) =>
        at !== undefined && wanted.has(bytesToHex(script)) && !spends.has(key)
          ? [{ outpoint: { txid: key.slice(0, 64), vout: Number(key.slice(65)) }, value, script, height: at }]
          : [],
      );
    },
  };
  return chain;
}
