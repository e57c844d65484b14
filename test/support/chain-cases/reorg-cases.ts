import type { Transaction } from 'bitcoinjs-lib';
import { addressOf, p2wpkh, seller } from '../chain-keys.ts';
import { coinOf, signed, type TestCoin, toBuyer, toChannel } from '../chain-transactions.ts';
import {
  allowed,
  type ChainCase,
  knownInBlock,
  missing,
  oneCase,
  refused,
  type Scene,
  tooYoung,
} from './chain-case.ts';

const spend = (coins: readonly TestCoin[], fee: bigint, version = 2, locktime = 0): Transaction => {
  const total = coins.reduce((sum, { value }) => sum + value, 0n);
  return signed({ coins, outputs: [toBuyer(total - fee)], version, locktime });
};

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

export const reorgCases: readonly ChainCase[] = [
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
  oneCase(
    'after a reorg to an equal chain and back: the block seen first stays',
    knownInBlock,
    async (scene) => {
      const tx = await mined(scene, spend([scene.coin()], 500n));
      const first = await scene.rpc('getbestblockhash');
      await unmine(scene, 1);
      await scene.rpc('generateblock', addressOf(p2wpkh(seller)), []);
      await scene.rpc('reconsiderblock', first);
      return tx;
    },
  ),
  oneCase(
    'after a reorg: the child of a parent that was mined with it and is replaced',
    missing,
    async (scene) => {
      const coin = scene.coin();
      const parent = spend([coin], 500n);
      await scene.send(parent);
      const child = spend([coinOf(parent, 0)], 500n);
      await mined(scene, child);
      await unmine(scene, 1);
      await scene.send(spend([coin], 9_000n));
      return child;
    },
  ),
];
