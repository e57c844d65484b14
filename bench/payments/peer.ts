import { hexToBytes } from '@noble/hashes/utils.js';
import { getPublicKey } from '@noble/secp256k1';
import { networks, Psbt, type Signer, Transaction } from 'bitcoinjs-lib';
import { fundingAt } from '../../shared/channel/channel-facts.ts';
import { commitmentMessage } from '../../shared/protocol/commitment.ts';
import { change } from '../../shared/protocol/price.ts';
import { fundingScript, payToWitnessScript } from '../../shared/protocol/script.ts';
import { signDigest, signMessage, verifyDigest, verifyMessage } from '../../shared/protocol/signature.ts';
import { type PayingChannel, PRICE_PER_CHUNK, SELLER_SECRET } from './channels.ts';

/**
 * The textbook's way to pay, as a program on bitcoinjs-lib does it: each payment is a whole transaction with both outputs, made,
 * signed and checked as a PSBT. (bitcore-channel, the older peer, is in no registry that this can be installed from.)
 */
export interface PeerFigures {
  /** Made by the buyer and checked by the seller, one thread, no store, a second. */
  readonly psbtPerSecond: number;
  /** The same of ours: digest, signature, digest again, verification. */
  readonly oursPerSecond: number;
}

const PAYMENTS = 300;

export function peerFigures(paying: PayingChannel): PeerFigures {
  return { psbtPerSecond: perSecond(psbtPayments()), oursPerSecond: perSecond(ourPayments(paying)) };
}

function perSecond(pay: (k: number) => void): number {
  for (let k = 1; k <= PAYMENTS / 3; k++) pay(k);
  const began = performance.now();
  for (let k = 1; k <= PAYMENTS; k++) pay(k);
  return Math.round(PAYMENTS / ((performance.now() - began) / 1_000));
}

const BUYER_SECRET = hexToBytes('11'.repeat(32));

function psbtPayments(): (k: number) => void {
  const buyerKey = getPublicKey(BUYER_SECRET, true);
  const witnessScript = fundingScript(buyerKey, getPublicKey(SELLER_SECRET, true));
  const script = payToWitnessScript(witnessScript);
  const value = PRICE_PER_CHUNK * BigInt(PAYMENTS + 1);
  const buyer: Signer = { publicKey: buyerKey, sign: (digest) => signDigest(BUYER_SECRET, digest) };
  return (k) => {
    const made = new Psbt({ network: networks.regtest });
    made.addInput({
      hash: '00'.repeat(31).concat('01'),
      index: 0,
      sequence: 0xfffffffd,
      witnessUtxo: { script, value },
      witnessScript,
      sighashType: Transaction.SIGHASH_ALL,
    });
    const paid = PRICE_PER_CHUNK * BigInt(k);
    made.addOutput({ script, value: paid });
    if (paid < value) made.addOutput({ script, value: value - paid });
    made.signInput(0, buyer);
    const received = Psbt.fromBuffer(made.toBuffer(), { network: networks.regtest });
    const valid = received.validateSignaturesOfInput(0, verifyDigest, buyerKey);
    if (!valid || received.txOutputs[0]?.value !== paid) throw new Error('the peer is paid wrong');
  };
}

function ourPayments({ channel }: PayingChannel): (k: number) => void {
  const { funding, terms, shape } = channel;
  if (!funding) throw new Error('the channel is funded');
  const key = getPublicKey(BUYER_SECRET, true);
  const message = (k: number) =>
    commitmentMessage(fundingAt(channel, funding.outpoint), terms.changeScript, change(terms, shape, k));
  return (k) => {
    const signature = signMessage(BUYER_SECRET, message(k));
    if (!verifyMessage(key, message(k), signature)) throw new Error('we are paid wrong');
  };
}
