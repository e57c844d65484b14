import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import { payments, Transaction } from 'bitcoinjs-lib';
import type { WalletOutput } from '../../shared/chain/chain.ts';
import { MAX_FEE_RATE } from '../../shared/limits.ts';
import { DUST_LIMIT, outputKind } from '../../shared/protocol/script.ts';
import { ALL, SEQUENCE } from '../../shared/protocol/sighash.ts';
import { scriptSignature, signDigest } from '../../shared/protocol/signature.ts';
import { BuyerError } from './errors.ts';
import type { WalletKey } from './wallet-keys.ts';

/** A confirmed output of the wallet and the key that spends it. */
export interface Coin extends WalletOutput {
  readonly key: WalletKey;
}

/** Which coins fund a channel. Satoshis; `change` 0 for no output. */
export interface CoinChoice<C extends WalletOutput = Coin> {
  readonly inputs: readonly C[];
  readonly change: bigint;
  readonly fee: bigint;
}

export interface SignedFunding {
  /** Serialised, hex. */
  readonly raw: string;
  readonly txid: string;
  /** The channel's output. */
  readonly vout: number;
}

/** Weight units (BIP141), signatures counted at their longest: 72 bytes with hash type. */
const OVERHEAD_WEIGHT = 4 * 10 + 2;
const INPUT_WEIGHT = 4 * 41 + 108;
const CHANNEL_OUTPUT_WEIGHT = 4 * 43;
const CHANGE_OUTPUT_WEIGHT = 4 * 31;
/** Keeps the transaction far below the standard 400,000 weight units and its counts in one byte. */
export const MAX_INPUTS = 200;

/**
 * Takes the largest coins first until they pay the capacity and the fee; change that would be dust goes to the fee.
 * @param feeRate satoshis per 1,000 vB
 * @param required coins that must be among the inputs: a replacement conflicts with what it replaces
 * @throws BuyerError funds-needed with the satoshis that are missing in its evidence
 */
export function chooseCoins<C extends WalletOutput>(
  coins: readonly C[],
  capacity: bigint,
  feeRate: bigint,
  required: readonly C[] = [],
): CoinChoice<C> {
  const optional = largestFirst(coins);
  const inputs = [...required];
  let total = inputs.reduce((sum, { value }) => sum + value, 0n);
  for (;;) {
    const bare = fundingFee(inputs.length, false, feeRate);
    if (inputs.length > 0 && total >= capacity + bare) {
      const change = total - capacity - fundingFee(inputs.length, true, feeRate);
      if (change >= DUST_LIMIT.P2WPKH) return { inputs, change, fee: total - capacity - change };
      return { inputs, change: 0n, fee: total - capacity };
    }
    const next = optional.shift();
    if (!next || inputs.length === MAX_INPUTS) {
      throw fundsNeeded(capacity + fundingFee(inputs.length + 1, true, feeRate) - total);
    }
    inputs.push(next);
    total += next.value;
  }
}

export function largestFirst<C extends WalletOutput>(coins: readonly C[]): C[] {
  return [...coins].sort((a, b) => (a.value === b.value ? 0 : a.value > b.value ? -1 : 1));
}

/** Satoshis a funding of so many inputs pays at a rate. */
export function fundingFee(inputs: number, change: boolean, feeRate: bigint): bigint {
  const weight =
    OVERHEAD_WEIGHT + inputs * INPUT_WEIGHT + CHANNEL_OUTPUT_WEIGHT + (change ? CHANGE_OUTPUT_WEIGHT : 0);
  const rate = feeRate > MAX_FEE_RATE ? MAX_FEE_RATE : feeRate;
  return (BigInt(Math.ceil(weight / 4)) * rate + 999n) / 1_000n;
}

/**
 * Builds and signs the funding transaction; nothing is sent. Every input must be the wallet's own and segwit: a txid that
 * another party can change would void the refund that is signed for it.
 * @throws BuyerError funding-failed where an input is neither
 */
export function signFunding(
  choice: CoinChoice,
  channelScript: Uint8Array,
  capacity: bigint,
  changeScript: Uint8Array,
): SignedFunding {
  for (const coin of choice.inputs) assertOwnSegwit(coin);
  const transaction = new Transaction();
  transaction.version = 2;
  for (const { outpoint } of choice.inputs) {
    transaction.addInput(hexToBytes(outpoint.txid).reverse(), outpoint.vout, SEQUENCE);
  }
  const vout = transaction.addOutput(channelScript, capacity);
  if (choice.change > 0n) transaction.addOutput(changeScript, choice.change);
  choice.inputs.forEach(({ key, value }, index) => {
    const digest = transaction.hashForWitnessV0(index, scriptCode(key), value, ALL);
    const signature = scriptSignature(signDigest(key.secret, digest), ALL);
    transaction.setWitness(index, [signature, key.publicKey]);
  });
  return { raw: transaction.toHex(), txid: transaction.getId(), vout };
}

/** @throws BuyerError funding-failed */
export function assertOwnSegwit({ script, key, outpoint }: Coin): void {
  if (outputKind(script) !== 'P2WPKH' || bytesToHex(script) !== bytesToHex(key.script)) {
    throw new BuyerError(
      'funding-failed',
      `The coin ${outpoint.txid}:${outpoint.vout} is not a P2WPKH output of this wallet.`,
      { next: "Pay the wallet's own deposit address: the funding takes coins from nowhere else." },
    );
  }
}

/** What a P2WPKH input's signature commits to as its script (BIP143). */
function scriptCode(key: WalletKey): Uint8Array {
  const { output } = payments.p2pkh({ hash: key.script.subarray(2) });
  if (!output) throw new Error('no P2PKH script for the key');
  return output;
}

function fundsNeeded(missing: bigint): BuyerError {
  return new BuyerError('funds-needed', `The wallet lacks ${missing} sat.`, {
    next: 'Pay the deposit address, then run the command again.',
    evidence: { missingSatoshis: missing.toString() },
  });
}
