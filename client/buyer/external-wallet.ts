import type { Outpoint } from '../../shared/chain/chain.ts';
import type { Output } from '../../shared/protocol/sighash.ts';

/** A wallet that is not this program's and pays the fundings: its keys never come here, only transactions go there and back. */
export interface ExternalWallet {
  /**
   * Chooses coins for a transaction that pays an output, and takes them for it. Nothing is signed.
   * @returns a PSBT (BIP174)
   * @throws BuyerError funds-needed, funding-failed
   */
  draft(output: Output): Promise<Uint8Array>;
  /** Gives back the coins of a draft that will not be used. */
  release(inputs: readonly Outpoint[]): Promise<void>;
  /**
   * Has a draft signed: called only once its refund is signed and on the disk, and again until it is there.
   * @returns the signed PSBT; undefined while it is waited for
   */
  signed(draft: Uint8Array): Promise<Uint8Array | undefined>;
  /** Where the person finds what is to be signed, and puts what is. */
  readonly instruction: string;
}
