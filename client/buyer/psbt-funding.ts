import { bytesToHex } from '@noble/hashes/utils.js';
import { Psbt, Transaction } from 'bitcoinjs-lib';
import type { Outpoint } from '../../shared/chain/chain.ts';
import { MAX_FEE_RATE } from '../../shared/limits.ts';
import { outputKind } from '../../shared/protocol/script.ts';
import type { Output } from '../../shared/protocol/sighash.ts';
// Its curve arithmetic is set up there: bitcoinjs takes no taproot without.
import '../../shared/protocol/network.ts';
import { BuyerError } from './errors.ts';

/** A funding that another wallet will sign. Money is satoshis. */
export interface FundingDraft {
  readonly outpoint: Outpoint;
  readonly fee: bigint;
  readonly inputs: readonly Outpoint[];
}

/**
 * Looks at an unsigned PSBT before anybody signs its refund: it pays the channel, and its txid cannot change. That is so where
 * every input is native segwit: then nothing that a signer adds is hashed into it (BIP141). Wrapped segwit is not: its
 * scriptSig is.
 * @throws BuyerError funding-failed
 */
export function readDraft(bytes: Uint8Array, wanted: Output): FundingDraft {
  const psbt = parsePsbt(bytes);
  const transaction = unsignedOf(psbt);
  let brought = 0n;
  const inputs = psbt.data.inputs.map((input, index): Outpoint => {
    const spent = psbt.txInputs[index];
    if (!spent) throw refused('has no such input');
    const output = input.witnessUtxo ?? previousOutput(input.nonWitnessUtxo, spent);
    if (!output || !outputKind(output.script)) {
      throw refused(
        `spends an output that is not native segwit (input ${index}): its id could change after the refund is signed`,
      );
    }
    brought += output.value;
    return { txid: bytesToHex(spent.hash.toReversed()), vout: spent.index };
  });
  const script = bytesToHex(wanted.script);
  const paying = transaction.outs.flatMap(({ script: found, value }, vout) =>
    bytesToHex(found) === script ? [{ value, vout }] : [],
  );
  const [output, second] = paying;
  if (!output || second || output.value !== wanted.value)
    throw refused(`does not pay ${wanted.value} sat to the channel, once`);
  const fee = brought - transaction.outs.reduce((sum, { value }) => sum + value, 0n);
  if (fee < 0n || fee * 1_000n > MAX_FEE_RATE * BigInt(transaction.virtualSize() + 27 * inputs.length)) {
    throw refused(`pays ${fee} sat of fee`);
  }
  return { outpoint: { txid: transaction.getId(), vout: output.vout }, fee, inputs };
}

/** What it spends; nothing where it cannot be read. */
export function inputsOf(bytes: Uint8Array): readonly Outpoint[] {
  try {
    return parsePsbt(bytes).txInputs.map(({ hash, index }) => ({
      txid: bytesToHex(hash.toReversed()),
      vout: index,
    }));
  } catch {
    return [];
  }
}

function previousOutput(raw: Uint8Array | undefined, { hash, index }: { hash: Uint8Array; index: number }) {
  if (!raw) return undefined;
  const transaction = Transaction.fromBuffer(raw);
  return bytesToHex(transaction.getHash()) === bytesToHex(hash) ? transaction.outs[index] : undefined;
}

/**
 * Takes what came back signed, if it is the very transaction that the refund was signed for.
 * @returns the transaction, hex
 * @throws BuyerError funding-failed
 */
export function readSigned(bytes: Uint8Array, { outpoint }: Pick<FundingDraft, 'outpoint'>): string {
  const psbt = parsePsbt(bytes);
  if (unsignedOf(psbt).getId() !== outpoint.txid)
    throw refused('is another transaction than the one that was to be signed');
  let transaction: Transaction;
  try {
    psbt.data.inputs.forEach((input, index) => {
      if (!input.finalScriptWitness) psbt.finalizeInput(index);
    });
    // Its fee was looked at in the draft.
    transaction = psbt.extractTransaction(true);
  } catch (error) {
    throw refused(`is not signed completely (${error instanceof Error ? error.message : String(error)})`);
  }
  if (transaction.getId() !== outpoint.txid)
    throw refused('has another id once it is signed: its refund would be void');
  return transaction.toHex();
}

/** Binary, or as base64, in which wallets copy and save them too. */
function parsePsbt(bytes: Uint8Array): Psbt {
  const text = new TextDecoder().decode(bytes).trim();
  try {
    return text.startsWith('cHNidP') ? Psbt.fromBase64(text) : Psbt.fromBuffer(Buffer.from(bytes));
  } catch {
    throw refused('is no PSBT (BIP174)');
  }
}

function unsignedOf(psbt: Psbt): Transaction {
  return Transaction.fromBuffer(psbt.data.getTransaction());
}

function refused(reason: string): BuyerError {
  return new BuyerError('funding-failed', `The funding from the other wallet ${reason}.`, {
    money: 'It was not sent, and nothing is bound by it.',
    next: 'Put that right in the other wallet, then run the same command again.',
  });
}
