import { Transaction } from 'bitcoinjs-lib';
import { bytesToHex, hexToBytes } from './hex.ts';

/** A parsed transaction with the names and sizes that every rule asks for, worked out once. */
export interface TransactionRecord {
  readonly tx: Transaction;
  readonly raw: string;
  readonly txid: string;
  readonly wtxid: string;
  readonly vsize: number;
  /** The outpoints it spends, `txid:vout`, in the order of its inputs. */
  readonly spends: readonly string[];
}

export const outpointKey = (txid: string, vout: number): string => `${txid}:${vout}`;

const reversedHex = (bytes: Uint8Array): string => bytesToHex(Uint8Array.from(bytes).reverse());

export function describeTransaction(tx: Transaction): TransactionRecord {
  return {
    tx,
    raw: tx.toHex(),
    txid: tx.getId(),
    wtxid: reversedHex(tx.getHash(true)),
    vsize: tx.virtualSize(),
    spends: tx.ins.map((input) => outpointKey(reversedHex(input.hash), input.index)),
  };
}

/** @returns undefined for anything that is not exactly one canonically serialised transaction */
export function parseTransaction(raw: string): TransactionRecord | undefined {
  const bytes = hexToBytes(raw);
  if (!bytes) return undefined;
  try {
    const tx = Transaction.fromBuffer(bytes);
    const record = describeTransaction(tx);
    // bitcoinjs accepts lengths written in more bytes than needed; nodes do not.
    return record.raw === raw.toLowerCase() ? record : undefined;
  } catch {
    return undefined;
  }
}
