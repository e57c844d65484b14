import { Transaction } from 'bitcoinjs-lib';
import type { ChainCase, Expected, Scene } from './chain-cases/chain-case.ts';
import { addressOf, buyer, p2wpkh } from './chain-keys.ts';
import { coinOf, signed, type TestCoin, toBuyer, toChannel } from './chain-transactions.ts';
import { NodeError, type Rpc } from './rpc.ts';

/** Block times must not depend on when a test runs. */
const START_TIME = 1_800_000_000;
const COIN_VALUE = 100_000n;
const KEY_COINS = 700;
const CHANNEL_COINS = 300;
const SPLIT_FEE = 100_000n;

/** Mines and splits coins for every case, the same on every chain. */
export async function prepareScene(rpc: Rpc): Promise<Scene> {
  const address = addressOf(p2wpkh(buyer));
  let time = START_TIME;
  const mine = async (blocks: number): Promise<readonly string[]> => {
    // A block like one that was invalidated, to the second, would be that block again.
    time += 600;
    await rpc('setmocktime', time);
    const hashes = await rpc('generatetoaddress', blocks, address);
    if (!Array.isArray(hashes)) throw new Error('no block hashes');
    return hashes.map(String);
  };
  const height = async (): Promise<number> => Number(await rpc('getblockcount'));
  const coinbaseAt = async (at: number): Promise<TestCoin> => {
    const hash = await rpc('getblockhash', at);
    const block = await rpc('getblock', hash, 2);
    const [first] = (block as { tx: { hex: string }[] }).tx;
    return coinOf(Transaction.fromHex(first?.hex ?? ''), 0);
  };

  await mine(120);
  const source = await coinbaseAt(1);
  const outputs = [
    ...Array.from({ length: KEY_COINS }, () => toBuyer(COIN_VALUE)),
    ...Array.from({ length: CHANNEL_COINS }, () => toChannel(COIN_VALUE)),
  ];
  const change = source.value - BigInt(outputs.length) * COIN_VALUE - SPLIT_FEE;
  const split = signed({ coins: [source], outputs: [...outputs, toBuyer(change)] });
  await rpc('sendrawtransaction', split.toHex());
  await mine(1);

  let keyCoins = 0;
  let channelCoins = 0;
  const next = (vout: number, limit: number): TestCoin => {
    if (vout >= limit) throw new Error('more coins are needed for the cases');
    return coinOf(split, vout);
  };
  return {
    rpc,
    mine,
    height,
    coin: () => next(keyCoins++, KEY_COINS),
    channelCoin: () => next(KEY_COINS + channelCoins++, KEY_COINS + CHANNEL_COINS),
    coinbase: async (depth) => coinbaseAt((await height()) + 1 - depth),
    async medianTime() {
      const info = await rpc('getblockchaininfo');
      return (info as { mediantime: number }).mediantime;
    },
    async send(tx) {
      await rpc('sendrawtransaction', tx.toHex());
    },
  };
}

const withoutIds = (text: string): string =>
  text.replace(/[0-9a-f]{64}/g, '<txid>').replace(/<txid>:\d+/g, '<txid>:<vout>');

/** What a chain answers to a case, in the form of the case's expectation. */
export async function answerOf(scene: Scene, { build }: Pick<ChainCase, 'build'>): Promise<Expected> {
  const built = await build(scene);
  const raw = typeof built === 'string' ? built : built.toHex();
  const reason = await testReason(scene.rpc, raw);
  const send = await sendError(scene.rpc, raw);
  if (reason === undefined) {
    return send === 'sent' ? { allowed: true } : { reason: 'allowed', send };
  }
  return { reason, send };
}

async function testReason(rpc: Rpc, raw: string): Promise<string | undefined> {
  try {
    const answers = await rpc('testmempoolaccept', [raw]);
    const [answer] = answers as { allowed: boolean; 'reject-reason'?: string }[];
    if (answer?.allowed) return undefined;
    return withoutIds(answer?.['reject-reason'] ?? '');
  } catch (error) {
    if (!(error instanceof NodeError)) throw error;
    // The node repeats the whole transaction in this message.
    return `${error.code} ${error.message.replace(` ${raw} `, ' <raw> ')}`;
  }
}

async function sendError(rpc: Rpc, raw: string): Promise<'sent' | readonly [number, string]> {
  try {
    await rpc('sendrawtransaction', raw);
    return 'sent';
  } catch (error) {
    if (!(error instanceof NodeError)) throw error;
    return [error.code, withoutIds(error.message)];
  }
}
