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

  const accept = (raw: string): BroadcastOutcome => {
    const transaction = Transaction.fromHex(raw);
    const txid = transaction.getId();
    if (known.has(txid)) return { kind: 'already-known' };
    if (transaction.locktime > height) return { kind: 'non-final', detail: 'non-final' };
    const inputs = transaction.ins.map(({ hash, index }) => `${bytesToHex(hash.toReversed())}:${index}`);
    if (inputs.some((input) => !outputs.has(input) || spends.has(input))) {
      return { kind: 'missing-inputs', detail: 'missing-inputs' };
    }
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
