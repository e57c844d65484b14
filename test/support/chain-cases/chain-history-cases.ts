import type { Transaction } from 'bitcoinjs-lib';
import { buyer } from '../chain-keys.ts';
import {
  coinOf,
  signed,
  signKeyHash,
  type TestCoin,
  toBuyer,
  toChannel,
  unsigned,
} from '../chain-transactions.ts';
import {
  allowed,
  type ChainCase,
  type Expected,
  missing,
  oneCase,
  refused,
  type Scene,
} from './chain-case.ts';

const spend = (coins: readonly TestCoin[], fee: bigint, version = 2, locktime = 0): Transaction => {
  const total = coins.reduce((sum, { value }) => sum + value, 0n);
  return signed({ coins, outputs: [toBuyer(total - fee)], version, locktime });
};

const knownInBlock: Expected = {
  reason: 'txn-already-known',
  send: [-27, 'Transaction outputs already in utxo set'],
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

const tooYoung = (depth: number): Expected =>
  refused(
    'bad-txns-premature-spend-of-coinbase',
    `bad-txns-premature-spend-of-coinbase, tried to spend coinbase at depth ${depth}`,
  );

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

/** Takes the last blocks off the chain. */
async function unmine(scene: Scene, blocks: number): Promise<void> {
  const hash = await scene.rpc('getblockhash', (await scene.height()) - blocks + 1);
  await scene.rpc('invalidateblock', hash);
}

async function mined(scene: Scene, tx: Transaction): Promise<Transaction> {
  await scene.send(tx);
  await scene.mine(1);
  return tx;
}

const spendsOther = refused(
  'truc-spends-nontruc',
  'truc-spends-nontruc, version=3 tx <txid> (wtxid=<txid>) cannot spend from non-version=3 tx <txid> (wtxid=<txid>)',
);

const reorgCases: readonly ChainCase[] = [
  oneCase(
    'after a reorg: the mined transaction waits again',
    { reason: 'txn-already-in-mempool', send: 'sent' },
    async (scene) => {
      const tx = await mined(scene, spend([scene.coin()], 500n));
      await unmine(scene, 1);
      return tx;
    },
  ),
  oneCase('after a reorg: a settlement that waits again is replaced by a refund', allowed, async (scene) => {
    const coin = scene.channelCoin();
    await mined(scene, spend([coin], 500n, 3));
    await unmine(scene, 1);
    return spend([coin], 5_000n, 2, 100);
  }),
  oneCase(
    'after a reorg: a refund that pays too little does not replace the settlement',
    refused(
      'insufficient fee',
      'insufficient fee, rejecting replacement <txid>; new feerate 0.00001459 BTC/kvB <= old feerate 0.00003649 BTC/kvB',
    ),
    async (scene) => {
      const coin = scene.channelCoin();
      await mined(scene, spend([coin], 500n, 3));
      await unmine(scene, 1);
      return spend([coin], 200n, 2, 100);
    },
  ),
  oneCase('after a reorg: a locktime that had come has not', refused('non-final'), async (scene) => {
    await scene.mine(2);
    const locktime = await scene.height();
    const tx = spend([scene.coin()], 500n, 2, locktime);
    await unmine(scene, 2);
    return tx;
  }),
  oneCase(
    'after a reorg: a version 3 settlement of a funding that waits again',
    spendsOther,
    async (scene) => {
      const coin = scene.coin();
      const funding = await mined(scene, signed({ coins: [coin], outputs: [toChannel(99_000n)] }));
      await unmine(scene, 1);
      return spend([coinOf(funding, 0)], 500n, 3);
    },
  ),
  oneCase('after a reorg: the coinbase of a lost block', missing, async (scene) => {
    await scene.mine(1);
    const coinbase = await scene.coinbase(1);
    await unmine(scene, 1);
    return spend([coinbase], 500n);
  }),
  oneCase('after a reorg: a coinbase that had matured is young again', tooYoung(98), async (scene) => {
    await scene.mine(2);
    const coinbase = await scene.coinbase(100);
    await unmine(scene, 2);
    return spend([coinbase], 500n);
  }),
  oneCase(
    'after a reorg: what spent a coinbase that is young again has left',
    tooYoung(98),
    async (scene) => {
      await scene.mine(2);
      const tx = spend([await scene.coinbase(100)], 500n);
      await scene.send(tx);
      await unmine(scene, 2);
      return tx;
    },
  ),
  oneCase('after a reorg: what waited for a locktime has left', refused('non-final'), async (scene) => {
    await scene.mine(2);
    const tx = spend([scene.coin()], 500n, 2, await scene.height());
    await scene.send(tx);
    await unmine(scene, 2);
    return tx;
  }),
  oneCase('after a reorg and back: the transaction is in its block', knownInBlock, async (scene) => {
    const tx = await mined(scene, spend([scene.coin()], 500n));
    const tip = await scene.rpc('getbestblockhash');
    await unmine(scene, 1);
    await scene.rpc('reconsiderblock', tip);
    return tx;
  }),
  oneCase('after a reorg and a longer chain: the transaction is mined again', knownInBlock, async (scene) => {
    const tx = await mined(scene, spend([scene.coin()], 500n));
    await unmine(scene, 1);
    await scene.mine(2);
    return tx;
  }),
  oneCase(
    'after a reorg: a child that waited on a mined parent stays',
    { reason: 'txn-already-in-mempool', send: 'sent' },
    async (scene) => {
      const parent = await mined(scene, spend([scene.coin()], 500n));
      const child = spend([coinOf(parent, 0)], 500n);
      await scene.send(child);
      await unmine(scene, 1);
      return child;
    },
  ),
  oneCase(
    'after a reorg: a settlement that waited on a mined funding stays',
    { reason: 'txn-already-in-mempool', send: 'sent' },
    async (scene) => {
      const coin = scene.coin();
      const funding = await mined(scene, signed({ coins: [coin], outputs: [toChannel(99_000n)] }));
      const settlement = spend([coinOf(funding, 0)], 500n, 3);
      await scene.send(settlement);
      await unmine(scene, 1);
      return settlement;
    },
  ),
];

export const chainHistoryCases: readonly ChainCase[] = [...doubleSpendCases, ...coinbaseCases, ...reorgCases];
