import { bytesToHex } from '@noble/hashes/utils.js';
import { Transaction } from 'bitcoinjs-lib';
import type { BroadcastOutcome, Outpoint } from '../../shared/chain/chain.ts';
import type { FakeChain } from './fake-chain.ts';

/** Satoshis and vB. */
export interface Weighed {
  readonly fee: bigint;
  readonly virtualSize: number;
}

export interface FakeMempool {
  /** Hangs a child on a transaction that waits: replacing that must pay for it too. */
  addChild(txid: string, child: Weighed): void;
  /** A block with everything that waits. */
  mine(): void;
  /** Whatever spends it is invalid. */
  poison(outpoint: Outpoint): void;
  /** Puts a transaction of the buyer's in place of what waits, whatever that pays. */
  force(outpoint: Outpoint, raw: string, paid: Weighed): string;
  /** What waits, oldest first. */
  waiting(): readonly string[];
  /** Fee and size of anything that was ever sent. */
  paidBy(txid: string): Weighed;
}

/** Makes a fake chain judge what is broadcast by its inputs and by BIP125, as a node does; only scripts are not run. */
export function fakeMempool(chain: FakeChain): FakeMempool {
  const sent = new Map<string, Weighed & { readonly inputs: readonly Outpoint[]; readonly raw: string }>();
  const children = new Map<string, Weighed>();
  const poisoned = new Set<string>();
  const nameOf = ({ txid, vout }: Outpoint) => `${txid}:${vout}`;

  const isWaiting = (txid: string): boolean => {
    const inputs = sent.get(txid)?.inputs ?? [];
    return inputs.some((input) => {
      const spend = chain.spendNow(input);
      return spend?.txid === txid && spend.height === undefined;
    });
  };

  function judge(raw: string): BroadcastOutcome | { readonly kind: 'fits'; readonly conflicts: string[] } {
    const transaction = Transaction.fromHex(raw);
    const txid = transaction.getId();
    const inputs = inputsOf(transaction);
    if (isWaiting(txid)) return { kind: 'already-known' };
    for (const input of inputs) {
      const output = chain.output(input);
      if (!output || chain.spendNow(input)?.height !== undefined)
        return { kind: 'missing-inputs', detail: 'bad-txns-inputs-missingorspent' };
      if (output.height === undefined && transaction.version === 3)
        return { kind: 'truc-violation', detail: 'truc-spends-nontruc' };
      if (poisoned.has(nameOf(input)))
        return { kind: 'rejected', detail: 'mandatory-script-verify-flag-failed' };
    }
    const { fee, virtualSize } = weigh(transaction, inputs);
    if (fee * 1_000n < chain.floor * BigInt(virtualSize))
      return { kind: 'fee-too-low', detail: 'min relay fee not met' };
    const conflicts = [...new Set(inputs.flatMap((input) => chain.spendNow(input)?.txid ?? []))];
    let least = conflicts.length > 0 ? BigInt(virtualSize) : 0n;
    for (const conflict of conflicts) {
      const replaced = sent.get(conflict);
      if (!replaced) throw new Error(`nothing is known of ${conflict}`);
      least += replaced.fee + (children.get(conflict)?.fee ?? 0n);
      if (fee * BigInt(replaced.virtualSize) <= replaced.fee * BigInt(virtualSize)) least = fee + 1n;
    }
    if (fee < least) return { kind: 'replacement-too-low', detail: 'insufficient fee' };
    return { kind: 'fits', conflicts };
  }

  function weigh(transaction: Transaction, inputs: readonly Outpoint[]): Weighed {
    const brought = inputs.reduce((sum, input) => sum + (chain.output(input)?.value ?? 0n), 0n);
    const paid = transaction.outs.reduce((sum, { value }) => sum + BigInt(value), 0n);
    return { fee: brought - paid, virtualSize: transaction.virtualSize() };
  }

  function take(raw: string, paid: Weighed, conflicts: readonly string[]): string {
    const transaction = Transaction.fromHex(raw);
    const txid = transaction.getId();
    const inputs = inputsOf(transaction);
    for (const conflict of conflicts) {
      for (const input of sent.get(conflict)?.inputs ?? []) chain.setSpend(input, undefined);
      children.delete(conflict);
    }
    sent.set(txid, { ...paid, inputs, raw });
    for (const input of inputs) chain.setSpend(input, { txid, raw, height: undefined });
    return txid;
  }

  chain.broadcast = async (raw) => {
    chain.calls.push('broadcast');
    chain.broadcasts.push(raw);
    const scripted = chain.outcomes.shift();
    if (scripted) return scripted;
    const judged = judge(raw);
    if (judged.kind !== 'fits') return judged;
    const transaction = Transaction.fromHex(raw);
    take(raw, weigh(transaction, inputsOf(transaction)), judged.conflicts);
    return { kind: 'accepted' };
  };
  chain.testAcceptance = async (raw) => {
    const judged = judge(raw);
    return judged.kind === 'fits' ? { kind: 'accepted' } : judged;
  };
  chain.mempoolEntry = async (txid) => {
    const entry = sent.get(txid);
    if (!entry || !isWaiting(txid)) return undefined;
    const child = children.get(txid);
    return {
      fee: entry.fee,
      virtualSize: entry.virtualSize,
      descendantFees: entry.fee + (child?.fee ?? 0n),
      descendantVirtualSize: entry.virtualSize + (child?.virtualSize ?? 0),
      descendantCount: child ? 2 : 1,
    };
  };

  const waiting = () => [...sent.keys()].filter(isWaiting);
  return {
    addChild: (txid, child) => void children.set(txid, child),
    mine() {
      const included = waiting();
      chain.mine(1);
      for (const txid of included) {
        const { raw, inputs } = sent.get(txid) ?? { raw: '', inputs: [] };
        for (const input of inputs) chain.setSpend(input, { txid, raw, height: chain.height() });
      }
    },
    poison: (outpoint) => void poisoned.add(nameOf(outpoint)),
    force(outpoint, raw, paid) {
      const conflict = chain.spendNow(outpoint)?.txid;
      return take(raw, paid, conflict === undefined ? [] : [conflict]);
    },
    waiting,
    paidBy(txid) {
      const paid = sent.get(txid);
      if (!paid) throw new Error(`nothing is known of ${txid}`);
      return paid;
    },
  };
}

export function inputsOf({ ins }: Transaction): readonly Outpoint[] {
  return ins.map(({ hash, index }) => ({ txid: bytesToHex(hash.toReversed()), vout: index }));
}
