import { bytesToHex } from '@noble/hashes/utils.js';
import { getPublicKey } from '@noble/secp256k1';
import { Transaction } from 'bitcoinjs-lib';
import { bitcoindChain } from '../../shared/chain/bitcoind.ts';
import type { WalletChain } from '../../shared/chain/chain.ts';
import { tipsOf } from '../../shared/chain/tips.ts';
import type { Shop } from '../../shared/channel/shop.ts';
import type { RecentChannels } from '../../shared/channel/take-payment.ts';
import { policyWith } from '../../shared/config.ts';
import { SETTLEMENT_VERSION } from '../../shared/protocol/commitment.ts';
import { sha256 } from '../../shared/protocol/hashes.ts';
import { signDigest } from '../../shared/protocol/signature.ts';
import type { ChannelStore } from '../../shared/store/channel-record.ts';
import type { Dataset, DatasetStore } from '../../shared/store/dataset-record.ts';
import { type Death, type Mortal, mortal } from '../crash/mortal.ts';
import { type MemoryChannels, memoryChannels } from '../support/memory-channels.ts';
import { type MemoryLedger, memoryLedger } from '../support/memory-ledger.ts';

export const SELLER_SECRET = sha256(new TextEncoder().encode('the seller of the model'));
export const SELLER_KEY = getPublicKey(SELLER_SECRET, true);
export const PAYOUT_SCRIPT = Uint8Array.of(0, 20, ...new Uint8Array(20).fill(0xaa));
export const PRICE_PER_CHUNK = 5_000n;
const CHUNK_SIZE = 5_242_880;
/** The last one is half a chunk. */
export const CHUNKS = 9;

/** Lifetimes of some tens of blocks, in the order that the policy wants; two confirmations from 60,000 satoshis on. */
export const POLICY = policyWith({
  minimumLifetime: 44,
  defaultLifetime: 50,
  maximumLifetime: 80,
  minimumLifeAtFunding: 40,
  stopChunks: 34,
  stopPayments: 32,
  close: 30,
  sixConfirmationsFrom: '300000',
});

export const DATASET: Dataset = {
  manifest: 'ab'.repeat(32),
  folder: 'cd'.repeat(16),
  name: 'model',
  description: '',
  licence: '',
  totalSize: (CHUNKS - 1) * CHUNK_SIZE + CHUNK_SIZE / 2,
  chunkSize: CHUNK_SIZE,
  manifestSignature: '00'.repeat(64),
  manifestVersion: 'version',
  pricePerChunk: PRICE_PER_CHUNK,
};

/** Everything of the shop that outlives its processes. */
export interface ModelGround {
  readonly ledger: MemoryLedger;
  readonly chain: WalletChain;
  readonly store: MemoryChannels;
  readonly clock: { now(): number; advance(milliseconds: number): void };
  /** Told of each digest before B signs it, and of each transaction before it is sent: both throw what must not be. */
  readonly watch: Watch;
}

export interface Watch {
  signing(digest: string): void;
  sending(transaction: Transaction): void;
}

/** A function that is warm: what it remembers is gone when it dies. */
export interface ShopProcess {
  readonly shop: Shop;
  readonly recent: RecentChannels;
  readonly mortal: Mortal;
}

/** Milliseconds since the epoch. */
const START = 1_700_000_000_000;

export function modelGround(watch: Watch): ModelGround {
  let now = START;
  const clock = {
    now: () => now,
    advance(milliseconds: number) {
      now += milliseconds;
    },
  };
  const ledger = memoryLedger(() => Math.floor(now / 1000));
  const chain = bitcoindChain({ url: 'http://the.ledger', fetch: ledger.fetch });
  return { ledger, chain, store: memoryChannels(), clock, watch };
}

/** @param random says how long each write of the table takes, so that processes overtake each other */
export function startProcess(ground: ModelGround, random: () => number, death?: Death): ShopProcess {
  const { chain, clock, watch } = ground;
  const process = mortal(death);
  const itsChain: WalletChain = {
    ...chain,
    broadcast: (raw) =>
      process.step('broadcast', () => {
        watch.sending(Transaction.fromHex(raw));
        return chain.broadcast(raw);
      }),
  };
  const log = () => undefined;
  const shop: Shop = {
    network: 'regtest',
    policy: POLICY,
    payoutScript: PAYOUT_SCRIPT,
    channels: mortalStore(ground.store, process, random),
    datasets: oneDataset,
    chunks: {
      locate: async (_, chunk) => ({ key: `chunks/${chunk}`, versionId: `version-${chunk}` }),
    },
    links: { link: async (key) => ({ url: `https://objects.example/${key}`, expiresAt: 4_000_000_000 }) },
    chain: itsChain,
    tips: tipsOf(itsChain, clock, log),
    signer: {
      publicKey: async () => SELLER_KEY,
      async sign(digest) {
        watch.signing(bytesToHex(digest));
        return signDigest(SELLER_SECRET, digest);
      },
    },
    clock,
    log,
  };
  return { shop, recent: new Map(), mortal: process };
}

export function isSettlement({ version }: Transaction): boolean {
  return version === SETTLEMENT_VERSION;
}

const oneDataset: DatasetStore = {
  async put() {
    throw new Error('the model publishes nothing');
  },
  get: async (manifest) => (manifest === DATASET.manifest ? DATASET : undefined),
  chunkVersions: async () => undefined,
  list: async () => [DATASET],
};

const WRITES = ['claimBuyerKey', 'propose', 'change', 'countPaidLink', 'putSettlement', 'noteSweep'];

function mortalStore(store: ChannelStore, process: Mortal, random: () => number): ChannelStore {
  return new Proxy(store, {
    get(target, name) {
      const method = Reflect.get(target, name) as (...parameters: unknown[]) => Promise<unknown>;
      return (...parameters: unknown[]) => {
        const effect = async () => {
          for (let turns = Math.floor(random() * 12); turns > 0; turns--) await null;
          return method(...parameters);
        };
        const isWrite = WRITES.includes(String(name));
        return isWrite ? process.step(String(name), effect) : process.alive(effect);
      };
    },
  });
}
