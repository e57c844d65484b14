import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import {
  type BroadcastOutcome,
  type Chain,
  ChainUnavailable,
  type Confirmation,
  type MempoolEntry,
  type Outpoint,
  type Spend,
  type Tip,
} from '../../shared/chain/chain.ts';
import { sha256 } from '../../shared/protocol/hashes.ts';

interface FakeOutput {
  readonly value: bigint;
  readonly script: Uint8Array;
  readonly coinbase: boolean;
  /** Undefined while it waits in the mempool. */
  height: number | undefined;
}

interface FakeSpend {
  readonly txid: string;
  readonly raw: string;
  height: number | undefined;
}

/** A chain whose every answer a test sets: blocks, outputs, who spends them, what becomes of a broadcast. */
export interface FakeChain extends Chain {
  height(): number;
  mine(blocks: number): void;
  setHeight(height: number): void;
  /** Seconds that the tip's header shows; null for the time of the clock. */
  tipTime: number;
  /** Puts an output into the next block, or into the mempool. */
  fund(
    script: Uint8Array,
    value: bigint,
    options?: { coinbase?: boolean; confirmed?: boolean; outpoint?: Outpoint },
  ): Outpoint;
  /** Takes the blocks from this height away, and puts as many others in their place. What they held is in the mempool. */
  reorgFrom(height: number): void;
  /** Makes a transaction vanish from the mempool. */
  drop(outpoint: Outpoint): void;
  /** Puts the spending transaction into the next block, or into the mempool. */
  spendBy(outpoint: Outpoint, raw: string, txid: string, confirmed?: boolean): void;
  /** An output, spent or not; without a height while it waits. */
  output(outpoint: Outpoint): { readonly value: bigint; readonly height: number | undefined } | undefined;
  /** Sets who spends an output, in the block of a height or in the mempool; nobody where no transaction is given. */
  setSpend(
    outpoint: Outpoint,
    spend: { readonly txid: string; readonly raw: string; readonly height: number | undefined } | undefined,
  ): void;
  /** Who spends an output. */
  spendNow(outpoint: Outpoint): { readonly txid: string; readonly height: number | undefined } | undefined;
  /** What the next broadcasts answer; when used up, `accepted`. */
  readonly outcomes: BroadcastOutcome[];
  /** Everything that was broadcast, in order. */
  readonly broadcasts: string[];
  readonly calls: string[];
  rate: bigint;
  /** What the mempool takes at the least, satoshis per 1,000 vB. */
  floor: bigint;
  /** What is said of every transaction that waits in the mempool. */
  entry: MempoolEntry;
  /** No method answers while it is set. */
  failing: boolean;
}

export function fakeChain(startHeight = 1_000): FakeChain {
  let height = startHeight;
  let branch = 0;
  const branchOf = new Map<number, number>();
  const outputs = new Map<string, FakeOutput>();
  const spends = new Map<string, FakeSpend>();
  let made = 0;

  const keyOf = ({ txid, vout }: Outpoint) => `${txid}:${vout}`;
  const hashAt = (at: number) => hexOf(`block ${at} of branch ${branchOf.get(at) ?? 0}`);
  const confirmationAt = (at: number | undefined): { confirmation?: Confirmation } =>
    at === undefined ? {} : { confirmation: { height: at, blockHash: hashAt(at) } };
  const answering = <Answer>(name: string, answer: () => Answer): Promise<Answer> => {
    chain.calls.push(name);
    if (chain.failing) return Promise.reject(new ChainUnavailable('the fake node is down'));
    return Promise.resolve(answer());
  };

  const chain: FakeChain = {
    tipTime: 0,
    outcomes: [],
    broadcasts: [],
    calls: [],
    rate: 2_000n,
    floor: 1_000n,
    entry: {
      fee: 338n,
      virtualSize: 169,
      descendantFees: 338n,
      descendantVirtualSize: 169,
      descendantCount: 1,
    },
    failing: false,
    height: () => height,
    mine(blocks) {
      height += blocks;
    },
    setHeight(to) {
      height = to;
    },
    fund(script, value, { coinbase = false, confirmed = true, outpoint } = {}) {
      const at = outpoint ?? { txid: hexOf(`transaction ${made++}`), vout: made % 3 };
      if (confirmed) height += 1;
      outputs.set(keyOf(at), { value, script, coinbase, height: confirmed ? height : undefined });
      return at;
    },
    reorgFrom(from) {
      branch += 1;
      for (let at = from; at <= height; at++) branchOf.set(at, branch);
      for (const entry of [...outputs.values(), ...spends.values()]) {
        if (entry.height !== undefined && entry.height >= from) entry.height = undefined;
      }
    },
    drop(outpoint) {
      outputs.delete(keyOf(outpoint));
    },
    spendBy(outpoint, raw, txid, confirmed = true) {
      if (confirmed) height += 1;
      spends.set(keyOf(outpoint), { raw, txid, height: confirmed ? height : undefined });
    },
    output: (outpoint) => outputs.get(keyOf(outpoint)),
    setSpend(outpoint, spend) {
      if (spend) spends.set(keyOf(outpoint), { ...spend });
      else spends.delete(keyOf(outpoint));
    },
    spendNow: (outpoint) => spends.get(keyOf(outpoint)),

    tip: () => answering('tip', (): Tip => ({ height, hash: hashAt(height), time: chain.tipTime })),
    blockHash: (at) => answering('blockHash', () => (at <= height ? hashAt(at) : undefined)),
    unspentOutput: (outpoint) =>
      answering('unspentOutput', () => {
        const output = outputs.get(keyOf(outpoint));
        if (!output || spends.has(keyOf(outpoint))) return undefined;
        const { value, script, coinbase } = output;
        return { value, script, coinbase, ...confirmationAt(output.height) };
      }),
    spend: (outpoint, _, fromHeight) =>
      answering('spend', (): Spend | undefined => {
        const spend = spends.get(keyOf(outpoint));
        if (spend?.height !== undefined && spend.height < fromHeight) return undefined;
        return spend && { txid: spend.txid, raw: spend.raw, ...confirmationAt(spend.height) };
      }),
    feeRate: () => answering('feeRate', () => chain.rate),
    broadcast: (raw) =>
      answering('broadcast', (): BroadcastOutcome => {
        chain.broadcasts.push(raw);
        return chain.outcomes.shift() ?? { kind: 'accepted' };
      }),
    testAcceptance: () => answering('testAcceptance', (): BroadcastOutcome => ({ kind: 'accepted' })),
    broadcastPackage: (raws) =>
      answering('broadcastPackage', (): BroadcastOutcome => {
        chain.broadcasts.push(...raws);
        return chain.outcomes.shift() ?? { kind: 'accepted' };
      }),
    mempoolEntry: (txid) =>
      answering('mempoolEntry', () => {
        const waits = [...spends.values()].some((spend) => spend.txid === txid && spend.height === undefined);
        return waits ? chain.entry : undefined;
      }),
    replacementRate: () => answering('replacementRate', () => ({ incremental: 1_000n, floor: chain.floor })),
  };
  return chain;
}

function hexOf(name: string): string {
  return bytesToHex(sha256(utf8ToBytes(name)));
}
