import { randomBytes } from 'node:crypto';
import { hexToBytes } from '@noble/hashes/utils.js';
import { getPublicKey } from '@noble/secp256k1';
import { payments, Transaction } from 'bitcoinjs-lib';
import { addressOfScript } from '../../shared/protocol/network.ts';
import { ALL, type Output, SEQUENCE } from '../../shared/protocol/sighash.ts';
import { scriptSignature, signDigest } from '../../shared/protocol/signature.ts';
import type { Stage } from './stage.ts';

/** A P2WPKH output and the key that spends it. */
export interface KeyedCoin {
  readonly txid: string;
  readonly vout: number;
  readonly value: bigint;
  readonly secret: Uint8Array;
}

/** Satoshis for each output of a funding, and for the rest of it: well above 2 sat/vB. */
const FEE_PER_OUTPUT = 200n;
const FEE_BESIDES = 600n;

/** A signed transaction, not sent, that pays the outputs from a coin of its own that waits in the mempool. */
export async function paying(stage: Pick<Stage, 'faucet'>, outputs: readonly Output[]): Promise<Transaction> {
  const secret = Uint8Array.from(randomBytes(32));
  const { output: script } = payments.p2wpkh({ pubkey: getPublicKey(secret, true) });
  if (!script) throw new Error('the key has a script');
  const total = outputs.reduce((sum, { value }) => sum + value, 0n);
  const value = total + FEE_PER_OUTPUT * BigInt(outputs.length) + FEE_BESIDES;
  const txid = await stage.faucet.fund(addressOfScript(script, 'regtest'), value);
  return spendCoin({ txid, vout: 0, value, secret }, outputs, 2);
}

/** Spends one P2WPKH coin; what the outputs leave is the fee. */
export function spendCoin(
  { txid, vout, value, secret }: KeyedCoin,
  outputs: readonly Output[],
  version: 2 | 3,
): Transaction {
  const transaction = new Transaction();
  transaction.version = version;
  transaction.addInput(hexToBytes(txid).reverse(), vout, SEQUENCE);
  for (const output of outputs) transaction.addOutput(output.script, output.value);
  const pubkey = getPublicKey(secret, true);
  const { output: scriptCode } = payments.p2pkh({ pubkey });
  if (!scriptCode) throw new Error('the key has a script');
  const digest = transaction.hashForWitnessV0(0, scriptCode, value, ALL);
  transaction.setWitness(0, [scriptSignature(signDigest(secret, digest), ALL), pubkey]);
  return transaction;
}
