import type { Transaction } from 'bitcoinjs-lib';
import type { TestCoin } from '../chain-transactions.ts';
import type { Rpc } from '../rpc.ts';

/** A node's answer in its own words; transaction ids in them are written `<txid>`. */
export type Expected =
  | { readonly allowed: true }
  | {
      /** testmempoolaccept's reject-reason; `allowed` where it sees nothing wrong, but sendrawtransaction does. */
      readonly reason: string;
      /** sendrawtransaction's error; `sent` where it takes the transaction all the same. */
      readonly send: readonly [code: number, message: string] | 'sent';
    };

/** What a case is given to set its scene with. */
export interface Scene {
  readonly rpc: Rpc;
  /** A confirmed coin that no other case touches: 100,000 sat, paying to the buyer's key. */
  coin(): TestCoin;
  /** The same, paying to the channel's 2-of-2. */
  channelCoin(): TestCoin;
  /** A coinbase of a given depth below the next block. */
  coinbase(depth: number): Promise<TestCoin>;
  height(): Promise<number>;
  /** Unix seconds: the clock of time locks. */
  medianTime(): Promise<number>;
  send(tx: Transaction): Promise<void>;
  mine(blocks: number): Promise<readonly string[]>;
}

export interface ChainCase {
  readonly name: string;
  /** Sets the scene and returns the transaction that the node is asked about. */
  build(scene: Scene): Promise<Transaction | string> | Transaction | string;
  readonly expected: Expected;
}

export const allowed: Expected = { allowed: true };

/** The case's transaction does the one thing that its name says, and is otherwise ordinary. */
export const oneCase = (name: string, expected: Expected, build: ChainCase['build']): ChainCase => ({
  name,
  build,
  expected,
});

/** Refused by both calls in the same words, with sendrawtransaction's longer message if it has one. */
export const refused = (reason: string, message = reason): Expected => ({ reason, send: [-26, message] });

export const missing: Expected = { reason: 'missing-inputs', send: [-25, 'bad-txns-inputs-missingorspent'] };

export const knownInBlock: Expected = {
  reason: 'txn-already-known',
  send: [-27, 'Transaction outputs already in utxo set'],
};

export const tooYoung = (depth: number): Expected =>
  refused(
    'bad-txns-premature-spend-of-coinbase',
    `bad-txns-premature-spend-of-coinbase, tried to spend coinbase at depth ${depth}`,
  );
