import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import { getPublicKey } from '@noble/secp256k1';
import { crypto } from 'bitcoinjs-lib';
import { type Coin, signFunding } from '../../client/buyer/funding.ts';
import type { WalletKey } from '../../client/buyer/wallet-keys.ts';
import { outpointKey } from '../../local/chain/transaction-record.ts';
import type { Outpoint } from '../../shared/chain/chain.ts';
import type { Payment } from '../../shared/channel/accept-commitment.ts';
import { cancelMessage, commitmentMessage } from '../../shared/protocol/commitment.ts';
import { sha256 } from '../../shared/protocol/hashes.ts';
import { channelPublicKey, channelSecretKey } from '../../shared/protocol/keys.ts';
import { change } from '../../shared/protocol/price.ts';
import { continuationMessage } from '../../shared/protocol/request.ts';
import { fundingScript, payToWitnessScript } from '../../shared/protocol/script.ts';
import type { Funding } from '../../shared/protocol/sighash.ts';
import { signDigest, signMessage } from '../../shared/protocol/signature.ts';
import { channelIdOf, encodeTerms, type Terms } from '../../shared/protocol/terms.ts';
import { buyerSpend } from '../../shared/protocol/transactions.ts';
import { DATASET, type ModelGround, PRICE_PER_CHUNK, SELLER_KEY } from './model-shop.ts';

/** A channel as its buyer holds it: keys, the funding it has signed, what B signed for it. */
export interface ModelChannel {
  readonly id: string;
  readonly terms: Terms;
  readonly secret: Uint8Array;
  /** The funding, signed and not sent. */
  readonly raw: string;
  readonly outpoint: Outpoint;
  /** Digests of B's that matter, hex: by them it is seen what B signs. */
  readonly cancelDigest: string;
  /** The channel that it says it continues. */
  readonly earlier: ModelChannel | undefined;
  refundSignature?: Uint8Array;
  cancelSignature?: Uint8Array;
}

const FEE = 500n;
const COIN = 200_000n;

/**
 * A buyer's plan of a channel on a key and a coin of its own.
 * @param number no other channel of this history has it
 */
export function planChannel(
  ground: ModelGround,
  number: number,
  wanted: Pick<Terms, 'first' | 'count' | 'credit' | 'capacity' | 'refundHeight'>,
  earlier?: ModelChannel,
): ModelChannel {
  const key = keyOf(`buyer ${number}`);
  const terms: Terms = {
    network: 'regtest',
    buyerKey: key.publicKey,
    sellerKey: SELLER_KEY,
    manifest: DATASET.manifest,
    pricePerChunk: PRICE_PER_CHUNK,
    changeScript: keyOf(`change ${number}`).script,
    nonce: key.secret.slice(0, 16),
    ...wanted,
  };
  const id = channelIdOf(encodeTerms(terms));
  const channelKey = channelPublicKey(terms.buyerKey, id);
  const script = payToWitnessScript(fundingScript(channelKey, SELLER_KEY));
  const choice = { inputs: [coinOf(ground, number)], change: COIN - terms.capacity - FEE, fee: FEE };
  const { raw, txid, vout } = signFunding(choice, script, terms.capacity, keyOf(`rest ${number}`).script);
  const outpoint = { txid, vout };
  const funding = {
    ...outpoint,
    capacity: terms.capacity,
    witnessScript: fundingScript(channelKey, SELLER_KEY),
  };
  return {
    id: bytesToHex(id),
    terms,
    secret: channelSecretKey(key.secret, terms.buyerKey, id),
    raw,
    outpoint,
    cancelDigest: bytesToHex(sha256(cancelMessage(funding))),
    earlier,
  };
}

/** A coin from nowhere, as if a wallet had paid it in long ago. */
function coinOf({ ledger }: ModelGround, number: number): Coin {
  const key = keyOf(`coin ${number}`);
  const outpoint = { txid: bytesToHex(sha256(key.secret)), vout: 0 };
  const coin = { value: COIN, script: key.script, height: 0, coinbase: false };
  ledger.stored.ledger.chain.coins.set(outpointKey(outpoint.txid, 0), coin);
  return { outpoint, value: COIN, script: key.script, height: 0, key };
}

function keyOf(name: string): WalletKey {
  const secret = sha256(new TextEncoder().encode(name));
  const publicKey = getPublicKey(secret, true);
  return { secret, publicKey, script: Uint8Array.of(0, 20, ...crypto.hash160(publicKey)) };
}

function fundingOf({ id, terms, outpoint }: ModelChannel): Funding {
  const witnessScript = fundingScript(channelPublicKey(terms.buyerKey, hexToBytes(id)), SELLER_KEY);
  return { ...outpoint, capacity: terms.capacity, witnessScript };
}

export function pay(channel: ModelChannel, k: number): Payment {
  const rest = change(channel.terms, DATASET, k);
  const message = commitmentMessage(fundingOf(channel), channel.terms.changeScript, rest);
  return { k, signature: signMessage(channel.secret, message) };
}

export function continuationOf({ id, earlier }: ModelChannel) {
  if (!earlier) return undefined;
  const message = continuationMessage(hexToBytes(earlier.id), hexToBytes(id));
  return { earlierChannelId: earlier.id, signature: signMessage(earlier.secret, message) };
}

/** The transaction by which A takes its money back, with B's signature, at a fee of A's. */
export function takeBack(channel: ModelChannel, kind: 'refund' | 'cancel', fee = FEE): string | undefined {
  const signature = kind === 'refund' ? channel.refundSignature : channel.cancelSignature;
  if (!signature) return undefined;
  const { refundHeight, capacity, changeScript } = channel.terms;
  const outputs = [{ script: changeScript, value: capacity - fee }];
  const unsigned = buyerSpend(fundingOf(channel), kind === 'refund' ? refundHeight : 0, outputs, signature);
  return unsigned.sign(unsigned.digests.map((digest) => signDigest(channel.secret, digest))).toHex();
}
