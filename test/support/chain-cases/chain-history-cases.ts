import type { Transaction } from 'bitcoinjs-lib';
import { buyer } from '../chain-keys.ts';
import { coinOf, signed, signKeyHash, type TestCoin, toBuyer, unsigned } from '../chain-transactions.ts';
import { allowed, type ChainCase, knownInBlock, missing, oneCase, tooYoung } from './chain-case.ts';

const spend = (coins: readonly TestCoin[], fee: bigint, version = 2, locktime = 0): Transaction => {
  const total = coins.reduce((sum, { value }) => sum + value, 0n);
  return signed({ coins, outputs: [toBuyer(total - fee)], version, locktime });
};

const doubleSpendCases: readonly ChainCase[] = [
  oneCase('a coin that a block spent', missing, async (scene) => {
    const coin = scene.coin();
    await scene.send(spend([coin], 500n));
    await scene.mine(1);
    return spend([coin], 5_000n);
  }),
  oneCase('a coin of a transaction nobody knows', missing, (scene) =>
    spend([{ ...scene.coin(), txid: '11'.repeat(32) }], 500n),
  ),
  oneCase('an output that its transaction does not have', missing, (scene) =>
    spend([{ ...scene.coin(), vout: 60_000 }], 500n),
  ),
  oneCase('an output that its unconfirmed transaction does not have', missing, async (scene) => {
    const parent = spend([scene.coin()], 500n);
    await scene.send(parent);
    return spend([{ ...coinOf(parent, 0), vout: 1 }], 500n);
  }),
  oneCase('one good coin and one spent', missing, async (scene) => {
    const coin = scene.coin();
    await scene.send(spend([coin], 500n));
    await scene.mine(1);
    return spend([scene.coin(), coin], 5_000n);
  }),
  oneCase('a child of a parent that was never sent', missing, (scene) =>
    spend([coinOf(spend([scene.coin()], 500n), 0)], 500n),
  ),
  oneCase(
    'the very transaction that waits',
    { reason: 'txn-already-in-mempool', send: 'sent' },
    async (scene) => {
      const tx = spend([scene.coin()], 500n);
      await scene.send(tx);
      return tx;
    },
  ),
  oneCase(
    'the transaction that waits, with another signature',
    { reason: 'txn-same-nonwitness-data-in-mempool', send: 'sent' },
    async (scene) => {
      const coin = scene.coin();
      const tx = spend([coin], 500n);
      await scene.send(tx);
      const twin = unsigned({ coins: [coin], outputs: [toBuyer(coin.value - 500n)] });
      signKeyHash(twin, 0, coin, buyer, { hashType: 0x81 });
      return twin;
    },
  ),
  oneCase('the very transaction that was mined', knownInBlock, async (scene) => {
    const tx = spend([scene.coin()], 500n);
    await scene.send(tx);
    await scene.mine(1);
    return tx;
  }),
  oneCase('a mined transaction whose output is spent', missing, async (scene) => {
    const tx = spend([scene.coin()], 500n);
    await scene.send(tx);
    await scene.mine(1);
    await scene.send(spend([coinOf(tx, 0)], 500n));
    await scene.mine(1);
    return tx;
  }),
  oneCase('a refund after the settlement was mined', missing, async (scene) => {
    const coin = scene.channelCoin();
    await scene.send(spend([coin], 500n, 3));
    await scene.mine(1);
    return spend([coin], 5_000n, 2, 100);
  }),
  oneCase('a spend of what waits', allowed, async (scene) => {
    const parent = spend([scene.coin()], 500n);
    await scene.send(parent);
    return spend([coinOf(parent, 0)], 500n);
  }),
];

const coinbaseCases: readonly ChainCase[] = [
  ...[1, 2, 50, 99].map((depth) =>
    oneCase(`a coinbase at depth ${depth}`, tooYoung(depth), async (scene) =>
      spend([await scene.coinbase(depth)], 500n),
    ),
  ),
  ...[100, 101].map((depth) =>
    oneCase(`a coinbase at depth ${depth}`, allowed, async (scene) =>
      spend([await scene.coinbase(depth)], 500n),
    ),
  ),
  oneCase('a young coinbase beside an ordinary coin', tooYoung(10), async (scene) =>
    spend([scene.coin(), await scene.coinbase(10)], 500n),
  ),
];

export const chainHistoryCases: readonly ChainCase[] = [...doubleSpendCases, ...coinbaseCases];
