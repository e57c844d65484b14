import { BuyerError } from '../../client/buyer/errors.ts';
import { type ShopClient, shopClient } from '../../client/buyer/shop-client.ts';
import { bitcoindChain } from '../../shared/chain/bitcoind.ts';
import { ChainUnavailable, type WalletChain } from '../../shared/chain/chain.ts';
import { esploraChain } from '../../shared/chain/esplora.ts';
import type { Target } from './fuzz.ts';
import { channel, seeds } from './seeds.ts';

/** Answers of servers that may be anybody's: whatever is asked, this is what they say. */

const outpoint = { txid: 'ab'.repeat(32), vout: 0 };
const script = seeds.script;
const raw = seeds.transaction;

/** Every method, one after the other: each must fail by its own error or not at all. */
async function askAll(questions: readonly (() => Promise<unknown>)[], isOwn: (error: unknown) => boolean) {
  for (const ask of questions) {
    await ask().catch((error) => {
      if (!isOwn(error)) throw error;
    });
  }
}

const questions = (chain: WalletChain): readonly (() => Promise<unknown>)[] => [
  () => chain.tip(),
  () => chain.blockHash(5),
  () => chain.unspentOutput(outpoint),
  () => chain.spend(outpoint, script, 1),
  () => chain.feeRate(6),
  () => chain.broadcast(raw),
  () => chain.testAcceptance(raw),
  () => chain.broadcastPackage([raw, raw]),
  () => chain.mempoolEntry(outpoint.txid),
  () => chain.replacementRate(),
  () => chain.outputsPayingTo([script]),
];

const answering =
  (input: Uint8Array, statuses: readonly number[]): typeof globalThis.fetch =>
  async () =>
    new Response(Buffer.from(input), { status: statuses[(input[0] ?? 0) % statuses.length] ?? 200 });

const isUnavailable = (error: unknown) => error instanceof ChainUnavailable;
const noWait = () => Promise.resolve();
const STATUSES = [200, 200, 200, 400, 404, 500] as const;

const chains: readonly Target[] = [
  {
    name: 'answers of Esplora',
    seeds: seeds.esplora,
    async parse(input) {
      const fetch = answering(input, STATUSES);
      const chain = esploraChain({ url: 'http://esplora.example', fetch, retries: 0, wait: noWait });
      await askAll(questions(chain), isUnavailable);
    },
    isOwnError: () => false,
  },
  {
    name: 'answers of bitcoind',
    seeds: seeds.bitcoind,
    async parse(input) {
      const fetch = answering(input, STATUSES);
      const chain = bitcoindChain({ url: 'http://user:secret@node.example', fetch, retries: 0 });
      await askAll(questions(chain), isUnavailable);
    },
    isOwnError: () => false,
  },
];

const calls = (shop: ShopClient): readonly (() => Promise<unknown>)[] => [
  () => shop.shop(),
  () => shop.datasets(),
  () => shop.dataset('ab'.repeat(32)),
  () => shop.open(channel, seeds.terms),
  () => shop.cosignRefund(channel, outpoint),
  () => shop.confirmFunding(channel, outpoint),
  () => shop.issueChunk(channel, 0),
  () => shop.commit(channel, 1, 'ab'.repeat(64)),
  () => shop.close(channel),
  () => shop.channel(channel),
];

const shop: Target = {
  name: 'answers of a shop',
  seeds: seeds.shopAnswers,
  runs: 40,
  async parse(input) {
    const original = globalThis.fetch;
    globalThis.fetch = answering(input, [200, 200, 401, 409, 503]);
    try {
      const clock = { now: () => 1_790_000_000_000 };
      const client = shopClient({ url: 'http://shop.example', clock, retry: { retries: 0, firstDelay: 0 } });
      await askAll(calls(client), (error) => error instanceof BuyerError);
    } finally {
      globalThis.fetch = original;
    }
  },
  isOwnError: () => false,
};

export const answerTargets: readonly Target[] = [...chains, shop];
