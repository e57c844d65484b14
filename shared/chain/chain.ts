/** An output of a transaction. `txid` as nodes print it (reversed hex), `vout` its index. */
export interface Outpoint {
  readonly txid: string;
  readonly vout: number;
}

export interface Tip {
  readonly height: number;
  /** Block hash as nodes print it. */
  readonly hash: string;
  /** The header's own time, unix seconds. */
  readonly time: number;
}

/** Where in the best chain a transaction is. */
export interface Confirmation {
  readonly height: number;
  readonly blockHash: string;
}

/** An output that nobody has spent, neither in the best chain nor in the mempool. */
export interface UnspentOutput {
  readonly value: bigint;
  readonly script: Uint8Array;
  readonly coinbase: boolean;
  /** Absent while the transaction waits in the mempool. */
  readonly confirmation?: Confirmation;
}

/** The transaction that spends an outpoint. */
export interface Spend {
  readonly txid: string;
  /** Serialised with witness, hex. */
  readonly raw: string;
  /** Absent while it waits in the mempool. */
  readonly confirmation?: Confirmation;
}

/**
 * What a node can answer to a broadcast, closed so that every caller handles every case.
 * `detail` is the node's own word, for logs and for the person who reads them.
 */
export type BroadcastOutcome =
  | { readonly kind: 'accepted' }
  /** In the mempool or in a block already: as good as accepted. */
  | { readonly kind: 'already-known' }
  /** An input is spent or unknown: find out who spent it. */
  | { readonly kind: 'missing-inputs'; readonly detail: string }
  /** The locktime has not come yet. */
  | { readonly kind: 'non-final'; readonly detail: string }
  /** Below the relay floor or the mempool's current minimum. */
  | { readonly kind: 'fee-too-low'; readonly detail: string }
  /** It conflicts with a transaction in the mempool and does not pay enough to replace it. */
  | { readonly kind: 'replacement-too-low'; readonly detail: string }
  /** The node evicts by fee rate and this one would go first. */
  | { readonly kind: 'mempool-full'; readonly detail: string }
  /** Version 3 rules (BIP431): size, ancestors, or a parent of another version. */
  | { readonly kind: 'truc-violation'; readonly detail: string }
  /** Invalid, or against the node's policy for another reason: sending it again changes nothing. */
  | { readonly kind: 'rejected'; readonly detail: string };

/** Any failure to learn what the chain says: time-out, refused connection, malformed answer. Never a statement about the chain. */
export class ChainUnavailable extends Error {
  override readonly name: string = 'ChainUnavailable';
}

/** Several sources contradict each other: one of them lies, is broken, or is on another branch just now. */
export class ChainDisagreement extends ChainUnavailable {
  override readonly name: string = 'ChainDisagreement';
}

/** A transaction that waits in the mempool, as far as replacing it needs to know. Every sum includes itself. */
export interface MempoolEntry {
  /** Satoshis. */
  readonly fee: bigint;
  /** vB; at least what BIP141 counts. */
  readonly virtualSize: number;
  /** Satoshis of it and of all that depends on it: a replacement pays no less (BIP125, rule 3). */
  readonly descendantFees: bigint;
  readonly descendantVirtualSize: number;
  readonly descendantCount: number;
}

/** Satoshis per 1,000 vB. */
export interface ReplacementRate {
  /** What a replacement adds for its own size, at least (BIP125, rule 4). */
  readonly incremental: bigint;
  /** Below it the mempool takes nothing now. */
  readonly floor: bigint;
}

/**
 * What the shop and the buyer ask of the bitcoin network. Every method throws `ChainUnavailable` when the
 * source does not answer; `undefined` is an answer ("there is none").
 */
export interface Chain {
  tip(): Promise<Tip>;
  /** The block hash at a height of the best chain; undefined above the tip. */
  blockHash(height: number): Promise<string | undefined>;
  unspentOutput(outpoint: Outpoint): Promise<UnspentOutput | undefined>;
  /**
   * Who spends an output.
   * @param script the output's script, by which block filters are searched
   * @param fromHeight no block below this one can hold the spending transaction
   */
  spend(outpoint: Outpoint, script: Uint8Array, fromHeight: number): Promise<Spend | undefined>;
  /** Satoshis per 1,000 vB expected to confirm within `blocks`, never below what the mempool takes now. */
  feeRate(blocks: number): Promise<bigint>;
  /** @param raw serialised transaction, hex */
  broadcast(raw: string): Promise<BroadcastOutcome>;
  /** What a broadcast would answer, with nothing sent. @param raw serialised transaction, hex */
  testAcceptance(raw: string): Promise<BroadcastOutcome>;
  /**
   * Broadcasts parents together with the one child that pays for them. `accepted` if all of them are in; otherwise the
   * outcome of the first that is not.
   * @param raws 2 to 25 serialised transactions, hex, the child last
   */
  broadcastPackage(raws: readonly string[]): Promise<BroadcastOutcome>;
  /** Undefined if it does not wait in the mempool: confirmed, or unknown. */
  mempoolEntry(txid: string): Promise<MempoolEntry | undefined>;
  replacementRate(): Promise<ReplacementRate>;
}

/** What a wallet asks besides: its coins. */
export interface WalletChain extends Chain {
  /**
   * Confirmed, unspent outputs that pay to any of the scripts; coinbase outputs only once they are mature. One that a
   * waiting transaction spends may or may not be among them.
   */
  outputsPayingTo(scripts: readonly Uint8Array[]): Promise<readonly WalletOutput[]>;
}

export interface WalletOutput {
  readonly outpoint: Outpoint;
  readonly value: bigint;
  readonly script: Uint8Array;
  readonly height: number;
}
