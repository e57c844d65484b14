import { randomBytes } from 'node:crypto';
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import { getPublicKey } from '@noble/secp256k1';
import { type ChannelSecrets, channelSecrets, fundingOf } from '../../client/buyer/channel-secrets.ts';
import type { RetryOptions } from '../../client/buyer/retry.ts';
import { type ShopClient, shopClient } from '../../client/buyer/shop-client.ts';
import type { WalletKey } from '../../client/buyer/wallet-keys.ts';
import type { Outpoint } from '../../shared/chain/chain.ts';
import { systemClock } from '../../shared/clock.ts';
import type { FundingAnswer, ShopAnswer } from '../../shared/http/api.ts';
import { commitmentMessage } from '../../shared/protocol/commitment.ts';
import { addressOfScript } from '../../shared/protocol/network.ts';
import { change, type DatasetShape } from '../../shared/protocol/price.ts';
import { signMessage } from '../../shared/protocol/signature.ts';
import { channelIdOf, encodeTerms, type Terms } from '../../shared/protocol/terms.ts';
import type { LocalShopProcess } from './local-shop.ts';

/** A buyer that takes each step of the conversation when the test says so, with none of the real one's caution. */
export interface HandBuyer {
  readonly shop: ShopClient;
  /** New terms on a fresh key, not sent yet. */
  plan(overrides?: Partial<Terms>): Promise<HandChannel>;
  /** Many of them, of one look at the shop. */
  plans(count: number, overrides?: (index: number) => Partial<Terms>): Promise<readonly HandChannel[]>;
  /** Opened and funded by one output of exactly the capacity, with the seller's refund signature, six blocks deep. */
  fundedChannel(overrides?: Partial<Terms>): Promise<FundedChannel>;
}

export interface HandChannel extends ChannelSecrets {
  readonly termsBytes: Uint8Array;
  /** Where the funding is paid to. */
  readonly address: string;
  /** A's commitment to the first k chunks, 64 bytes; another change than the price leaves makes it a bad one. */
  commitment(outpoint: Outpoint, k: number, left?: bigint): Uint8Array;
  /** Other terms on the same key, as no honest buyer makes them. */
  onTheSameKey(overrides: Partial<Terms>): HandChannel;
}

export interface FundedChannel extends HandChannel {
  readonly outpoint: Outpoint;
  /** B's, 64 bytes, hex. */
  readonly refundSignature: string;
  readonly answer: FundingAnswer;
}

export interface HandDataset {
  readonly manifest: string;
  readonly shape: DatasetShape;
  readonly pricePerChunk: bigint;
}

/** The shop it buys from, and where its money comes from. */
export type HandBuyerShop = Pick<LocalShopProcess, 'url' | 'faucet'>;

export function handBuyer(
  local: HandBuyerShop,
  { manifest, shape, pricePerChunk }: HandDataset,
  retry: RetryOptions = { retries: 0, firstDelay: 0 },
): HandBuyer {
  const shop = shopClient({ url: local.url, clock: systemClock, retry });
  const count = Math.ceil(shape.totalSize / shape.chunkSize);

  async function plans(
    channels: number,
    overrides: (index: number) => Partial<Terms> = () => ({}),
  ): Promise<readonly HandChannel[]> {
    const seen = await shop.shop();
    return Array.from({ length: channels }, (_, index) => planOn(seen, overrides(index)));
  }

  async function plan(overrides: Partial<Terms> = {}): Promise<HandChannel> {
    return planOn(await shop.shop(), overrides);
  }

  function planOn({ sellerKey, policy, tip }: ShopAnswer, overrides: Partial<Terms>): HandChannel {
    const secret = Uint8Array.from(randomBytes(32));
    return channelOf(secret, {
      network: 'regtest',
      buyerKey: getPublicKey(secret),
      sellerKey: hexToBytes(sellerKey),
      manifest,
      first: 0,
      count,
      pricePerChunk,
      credit: 1,
      capacity: 100_000n,
      refundHeight: tip.height + policy.defaultLifetime,
      changeScript: Uint8Array.of(0, 20, ...randomBytes(20)),
      nonce: Uint8Array.from(randomBytes(16)),
      ...overrides,
    });
  }

  function channelOf(secret: Uint8Array, terms: Terms): HandChannel {
    const key: WalletKey = { secret, publicKey: terms.buyerKey, script: new Uint8Array(0) };
    const termsBytes = encodeTerms(terms);
    const channelId = bytesToHex(channelIdOf(termsBytes));
    const keys = { external: () => key, internal: () => key, channel: () => key };
    const secrets = channelSecrets({ channelId, terms, keyIndex: 0 }, keys);
    return {
      ...secrets,
      termsBytes,
      address: addressOfScript(secrets.script, 'regtest'),
      commitment: (outpoint, k, left = change(terms, shape, k)) =>
        signMessage(
          secrets.secret,
          commitmentMessage(fundingOf(secrets, outpoint), terms.changeScript, left),
        ),
      onTheSameKey: (overrides) => channelOf(secret, { ...terms, ...overrides }),
    };
  }

  async function fundedChannel(overrides?: Partial<Terms>): Promise<FundedChannel> {
    const channel = await plan(overrides);
    await shop.open(channel, channel.termsBytes);
    const outpoint = await pay(local, channel.address, channel.terms.capacity);
    const { signature } = await shop.cosignRefund(channel, outpoint);
    await local.faucet.mine(6);
    const answer = await shop.confirmFunding(channel, outpoint);
    return { ...channel, outpoint, refundSignature: signature, answer };
  }

  return { shop, plan, plans, fundedChannel };
}

/** A payment by the faucet, waiting in the mempool; its first output pays the address. */
export async function pay(
  { faucet }: Pick<HandBuyerShop, 'faucet'>,
  address: string,
  satoshis: bigint,
): Promise<Outpoint> {
  return { txid: await faucet.fund(address, satoshis), vout: 0 };
}
