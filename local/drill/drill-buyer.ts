import { randomBytes } from 'node:crypto';
import { hexToBytes } from '@noble/hashes/utils.js';
import { getPublicKey } from '@noble/secp256k1';
import { payments, type Transaction } from 'bitcoinjs-lib';
import type { Outpoint } from '../../shared/chain/chain.ts';
import { acceptCommitment } from '../../shared/channel/accept-commitment.ts';
import { changeOf, fundingAt, witnessScript } from '../../shared/channel/channel-facts.ts';
import { confirmFunding } from '../../shared/channel/confirm-funding.ts';
import { cosignRefund } from '../../shared/channel/cosign-refund.ts';
import { issueChunk } from '../../shared/channel/issue-chunk.ts';
import { openChannel } from '../../shared/channel/open-channel.ts';
import type { Shop } from '../../shared/channel/shop.ts';
import { commitmentMessage } from '../../shared/protocol/commitment.ts';
import { channelSecretKey } from '../../shared/protocol/keys.ts';
import { payToWitnessScript } from '../../shared/protocol/script.ts';
import { signDigest, signMessage } from '../../shared/protocol/signature.ts';
import type { Terms } from '../../shared/protocol/terms.ts';
import { buyerSpend } from '../../shared/protocol/transactions.ts';
import type { Channel } from '../../shared/store/channel-record.ts';
import { paying } from './buyer-money.ts';
import { CHUNKS, type DrillShop, PRICE_PER_CHUNK, sellerKey } from './drill-shop.ts';
import type { Stage } from './stage.ts';

/** Blocks from a channel's opening to its refund height: a few more than the least. */
export const LIFETIME = 230;
export const CAPACITY = 700_000n;

/** What a buyer knows and has of a channel. */
export interface BuyerChannel {
  /** As the shop answered it when it was opened. */
  readonly channel: Channel;
  readonly terms: Terms;
  /** Of A', and of the change. */
  readonly secret: Uint8Array;
  readonly changeSecret: Uint8Array;
  readonly outpoint: Outpoint;
  /** B's, 64 bytes. */
  readonly refundSignature: Uint8Array;
  /** Chunks whose link it got, and chunks whose payment the shop took. */
  received: number;
  paid: number;
}

interface Proposal {
  readonly channel: Channel;
  readonly terms: Terms;
  readonly secret: Uint8Array;
  readonly changeSecret: Uint8Array;
}

export async function propose(
  stage: Stage,
  shop: DrillShop,
  overrides: Partial<Terms> = {},
): Promise<Proposal> {
  const buyerSecret = Uint8Array.from(randomBytes(32));
  const changeSecret = Uint8Array.from(randomBytes(32));
  const buyerKey = getPublicKey(buyerSecret, true);
  const terms: Terms = {
    network: 'regtest',
    buyerKey,
    sellerKey: sellerKey(shop.identity),
    manifest: shop.identity.manifest,
    first: 0,
    count: CHUNKS,
    pricePerChunk: PRICE_PER_CHUNK,
    credit: 1,
    capacity: CAPACITY,
    refundHeight: (await stage.height()) + LIFETIME,
    changeScript: changeScriptOf(changeSecret),
    nonce: Uint8Array.from(randomBytes(16)),
    ...overrides,
  };
  const channel = await openChannel(shop, terms);
  const secret = channelSecretKey(buyerSecret, buyerKey, hexToBytes(channel.id));
  return { channel, terms, secret, changeSecret };
}

function changeScriptOf(secret: Uint8Array): Uint8Array {
  const { output } = payments.p2wpkh({ pubkey: getPublicKey(secret, true) });
  if (!output) throw new Error('the key has a script');
  return output;
}

/** Has the refunds signed, and only then sends the one transaction that funds all of them. It waits for a block. */
export async function fund(
  stage: Stage,
  shop: Shop,
  proposals: readonly Proposal[],
  { send = true }: { readonly send?: boolean } = {},
): Promise<{ readonly channels: readonly BuyerChannel[]; readonly raw: string }> {
  const outputs = proposals.map(({ channel }) => ({
    script: payToWitnessScript(witnessScript(channel)),
    value: channel.terms.capacity,
  }));
  const transaction = await paying(stage, outputs);
  const channels: BuyerChannel[] = [];
  for (const [vout, proposal] of proposals.entries()) {
    const outpoint = { txid: transaction.getId(), vout };
    const refundSignature = await cosignRefund(shop, proposal.channel, outpoint);
    channels.push({ ...proposal, outpoint, refundSignature, received: 0, paid: 0 });
  }
  const raw = transaction.toHex();
  if (send) await mustSend(stage, raw);
  return { channels, raw };
}

/** OPEN channels that one transaction funds. */
export async function openChannels(
  stage: Stage,
  shop: DrillShop,
  number: number,
  overrides: (index: number) => Partial<Terms> = () => ({}),
): Promise<readonly BuyerChannel[]> {
  const proposals: Proposal[] = [];
  for (let index = 0; index < number; index++) {
    proposals.push(await propose(stage, shop, overrides(index)));
  }
  const { channels } = await fund(stage, shop, proposals);
  await stage.mine(1);
  for (const one of channels) {
    const { channel } = await confirmFunding(shop, one.channel, one.outpoint);
    if (channel.state !== 'OPEN') throw new Error(`the channel is ${channel.state}`);
  }
  return channels;
}

export async function openOne(
  stage: Stage,
  shop: DrillShop,
  overrides: Partial<Terms> = {},
): Promise<BuyerChannel> {
  const [channel] = await openChannels(stage, shop, 1, () => overrides);
  if (!channel) throw new Error('one was asked for');
  return channel;
}

/** Gets the next chunk on credit, as long as nothing is owed. */
export async function takeOnCredit(shop: Shop, buyer: BuyerChannel): Promise<void> {
  const { chunk } = await issueChunk(shop, await known(shop, buyer), buyer.received);
  buyer.received = Math.max(buyer.received, chunk + 1);
}

/** Pays for so many chunks; the next one comes with the answer. */
export async function pay(shop: Shop, buyer: BuyerChannel, k: number): Promise<void> {
  const signature = commitment(buyer, k);
  const { next } = await acceptCommitment(shop, await known(shop, buyer), { k, signature });
  buyer.paid = k;
  buyer.received = Math.max(buyer.received, k, next ? next.chunk + 1 : 0);
}

/** Buys the first k chunks; after that one more is there on credit. */
export async function buy(shop: Shop, buyer: BuyerChannel, k: number): Promise<void> {
  await takeOnCredit(shop, buyer);
  for (let paid = 1; paid <= k; paid++) await pay(shop, buyer, paid);
}

export function commitment({ channel, terms, secret, outpoint }: BuyerChannel, k: number): Uint8Array {
  const message = commitmentMessage(fundingAt(channel, outpoint), terms.changeScript, changeOf(channel, k));
  return signMessage(secret, message);
}

/** A's refund, or with B's cancel signature its cancel. @param fee satoshis, A's own choice */
export function takeBackTransaction(
  { channel, terms, secret, outpoint, refundSignature }: BuyerChannel,
  fee: bigint,
  cancelSignature?: Uint8Array,
): Transaction {
  const output = { script: terms.changeScript, value: terms.capacity - fee };
  const locktime = cancelSignature ? 0 : terms.refundHeight;
  const unsigned = buyerSpend(
    fundingAt(channel, outpoint),
    locktime,
    [output],
    cancelSignature ?? refundSignature,
  );
  return unsigned.sign(unsigned.digests.map((digest) => signDigest(secret, digest)));
}

/** @throws Error with the node's word where it does not take it */
export async function mustSend(stage: Pick<Stage, 'chain'>, raw: string): Promise<void> {
  const outcome = await stage.chain.broadcast(raw);
  if (outcome.kind === 'accepted' || outcome.kind === 'already-known') return;
  throw new Error(`the node does not take it: ${outcome.kind}, ${outcome.detail}`);
}

/** The channel as the shop has it now. */
export async function known(
  shop: Pick<Shop, 'channels'>,
  { channel: { id } }: Pick<BuyerChannel, 'channel'>,
): Promise<Channel> {
  const channel = await shop.channels.get(id);
  if (!channel) throw new Error('the shop has forgotten the channel');
  return channel;
}
