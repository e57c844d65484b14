import { crypto, Transaction } from 'bitcoinjs-lib';
import {
  buyer,
  bytes,
  channelScript,
  type DerOptions,
  p2wpkh,
  p2wsh,
  seller,
  signDer,
  type TestKey,
} from './chain-keys.ts';

/** A spendable output that a case was given. */
export interface TestCoin {
  readonly txid: string;
  readonly vout: number;
  readonly value: bigint;
  readonly script: Uint8Array;
}

export interface TestOutput {
  readonly script: Uint8Array;
  readonly value: bigint;
}

export interface TransactionPlan {
  readonly coins: readonly TestCoin[];
  readonly outputs: readonly TestOutput[];
  readonly version?: number;
  readonly locktime?: number;
  readonly sequence?: number;
}

/** Standing replaceable by BIP125's own flag, and no relative lock. */
export const PLAIN_SEQUENCE = 0xfffffffd;

export function unsigned(plan: TransactionPlan): Transaction {
  const tx = new Transaction();
  tx.version = plan.version ?? 2;
  tx.locktime = plan.locktime ?? 0;
  for (const { txid, vout } of plan.coins) {
    const hash = Uint8Array.from(Buffer.from(txid, 'hex').reverse());
    tx.addInput(hash, vout, plan.sequence ?? PLAIN_SEQUENCE);
  }
  for (const output of plan.outputs) tx.addOutput(output.script, output.value);
  return tx;
}

export interface SignOptions extends DerOptions {
  readonly hashType?: number;
}

const EMPTY = new Uint8Array(0);

/** The signature as it stands in a witness, hash type last. */
export function signatureFor(
  tx: Transaction,
  index: number,
  coin: TestCoin,
  scriptCode: Uint8Array,
  key: TestKey,
  { hashType = 0x01, ...der }: SignOptions = {},
): Uint8Array {
  return bytes(signDer(tx.hashForWitnessV0(index, scriptCode, coin.value, hashType), key, der), hashType);
}

export const keyHashScriptCode = ({ publicKey }: TestKey): Uint8Array =>
  bytes(0x76, 0xa9, 20, crypto.hash160(publicKey), 0x88, 0xac);

export function signKeyHash(
  tx: Transaction,
  index: number,
  coin: TestCoin,
  key = buyer,
  options: SignOptions = {},
): void {
  const signature = signatureFor(tx, index, coin, keyHashScriptCode(key), key, options);
  tx.setWitness(index, [signature, key.publicKey]);
}

export function signChannel(
  tx: Transaction,
  index: number,
  coin: TestCoin,
  buyerHashType = 0x01,
  sellerHashType = 0x01,
): void {
  const first = signatureFor(tx, index, coin, channelScript, buyer, { hashType: buyerHashType });
  const second = signatureFor(tx, index, coin, channelScript, seller, { hashType: sellerHashType });
  tx.setWitness(index, [EMPTY, first, second, channelScript]);
}

const CHANNEL_OUTPUT = Buffer.from(p2wsh(channelScript)).toString('hex');

/** Builds and signs with everybody's consent: buyer's key coins and the channel's coins alike. */
export function signed(plan: TransactionPlan): Transaction {
  const tx = unsigned(plan);
  plan.coins.forEach((coin, index) => {
    if (Buffer.from(coin.script).toString('hex') === CHANNEL_OUTPUT) signChannel(tx, index, coin);
    else signKeyHash(tx, index, coin);
  });
  return tx;
}

export const coinOf = (tx: Transaction, vout: number): TestCoin => {
  const output = tx.outs[vout];
  if (!output) throw new Error(`no output ${vout}`);
  return { txid: tx.getId(), vout, value: output.value, script: output.script };
};

export const toBuyer = (value: bigint): TestOutput => ({ script: p2wpkh(buyer), value });
export const toSeller = (value: bigint): TestOutput => ({ script: p2wpkh(seller), value });
export const toChannel = (value: bigint): TestOutput => ({ script: p2wsh(channelScript), value });
