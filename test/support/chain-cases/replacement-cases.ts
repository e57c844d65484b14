import type { Transaction } from 'bitcoinjs-lib';
import { coinOf, signed, type TestCoin, toBuyer, toSeller } from '../chain-transactions.ts';
import { allowed, type ChainCase, type Expected, oneCase, refused, type Scene } from './chain-case.ts';

const insufficient = (message: string): Expected =>
  refused('insufficient fee', `insufficient fee, rejecting replacement <txid>${message}`);

const spend = (coins: readonly TestCoin[], fee: bigint, version = 2, sequence = 0xfffffffd): Transaction => {
  const total = coins.reduce((sum, { value }) => sum + value, 0n);
  return signed({ coins, outputs: [toBuyer(total - fee)], version, sequence });
};

/** Sends a transaction of 110 vB with the first fee, then asks about one with the second. */
async function replace(scene: Scene, first: bigint, second: bigint, sequence?: number): Promise<Transaction> {
  const coin = scene.coin();
  await scene.send(spend([coin], first, 2, sequence));
  const total = coin.value - second;
  return signed({ coins: [coin], outputs: [toSeller(total)] });
}

/** A transaction with `count` outputs, each spent by a child of its own. */
async function fan(scene: Scene, count: number): Promise<TestCoin> {
  const coin = scene.coin();
  const parent = signed({ coins: [coin], outputs: Array.from({ length: count }, () => toBuyer(3_000n)) });
  await scene.send(parent);
  for (let vout = 0; vout < count; vout += 1) await scene.send(spend([coinOf(parent, vout)], 110n));
  return coin;
}

export const replacementCases: readonly ChainCase[] = [
  oneCase(
    'the same fee again',
    insufficient('; new feerate 0.00010000 BTC/kvB <= old feerate 0.00010000 BTC/kvB'),
    (scene) => replace(scene, 1_100n, 1_100n),
  ),
  oneCase(
    'a lower fee',
    insufficient('; new feerate 0.00009990 BTC/kvB <= old feerate 0.00010000 BTC/kvB'),
    (scene) => replace(scene, 1_100n, 1_099n),
  ),
  oneCase(
    'one satoshi more',
    insufficient(', not enough additional fees to relay; 0.00000001 < 0.0000011'),
    (scene) => replace(scene, 1_100n, 1_101n),
  ),
  oneCase(
    'one satoshi short of the increment',
    insufficient(', not enough additional fees to relay; 0.00000109 < 0.0000011'),
    (scene) => replace(scene, 1_100n, 1_209n),
  ),
  oneCase('exactly the increment', allowed, (scene) => replace(scene, 1_100n, 1_210n)),
  oneCase('twice the fee', allowed, (scene) => replace(scene, 1_100n, 2_200n)),
  oneCase('of one that does not signal', allowed, (scene) => replace(scene, 1_100n, 2_200n, 0xffffffff)),
  oneCase('of two at once, paying for both', allowed, async (scene) => {
    const coins = [scene.coin(), scene.coin()];
    for (const coin of coins) await scene.send(spend([coin], 500n));
    return spend(coins, 2_000n);
  }),
  oneCase(
    'of two at once, paying less than both',
    insufficient(', less fees than conflicting txs; 0.00001999 < 0.00002'),
    async (scene) => {
      const coins = [scene.coin(), scene.coin()];
      for (const coin of coins) await scene.send(spend([coin], 1_000n));
      return spend(coins, 1_999n);
    },
  ),
  oneCase(
    'of two at once at the rate of the dearer',
    insufficient('; new feerate 0.00002824 BTC/kvB <= old feerate 0.00009090 BTC/kvB'),
    async (scene) => {
      const coins = [scene.coin(), scene.coin()];
      await scene.send(spend(coins.slice(0, 1), 1_000n));
      return spend(coins, 500n);
    },
  ),
  oneCase(
    'of a parent, less than its child paid',
    insufficient(', less fees than conflicting txs; 0.00002 < 0.000055'),
    async (scene) => {
      const coin = scene.coin();
      const parent = spend([coin], 500n);
      await scene.send(parent);
      await scene.send(spend([coinOf(parent, 0)], 5_000n));
      return spend([coin], 2_000n);
    },
  ),
  oneCase('of a parent, paying for its child too', allowed, async (scene) => {
    const coin = scene.coin();
    const parent = spend([coin], 500n);
    await scene.send(parent);
    await scene.send(spend([coinOf(parent, 0)], 5_000n));
    return spend([coin], 5_610n);
  }),
  oneCase(
    'larger and dearer in all, but at a lower rate',
    insufficient('; new feerate 0.00007478 BTC/kvB <= old feerate 0.00009090 BTC/kvB'),
    async (scene) => {
      const coin = scene.coin();
      await scene.send(spend([coin], 1_000n));
      const outputs = Array.from({ length: 5 }, () => toBuyer(19_650n));
      return signed({ coins: [coin], outputs: outputs.slice(0, 5) });
    },
  ),
  oneCase(
    'by one that spends the replaced',
    refused(
      'bad-txns-spends-conflicting-tx',
      'bad-txns-spends-conflicting-tx, <txid> spends conflicting transaction <txid>',
    ),
    async (scene) => {
      const coin = scene.coin();
      const first = spend([coin], 500n);
      await scene.send(first);
      return spend([coin, coinOf(first, 0)], 5_000n);
    },
  ),
  oneCase(
    'by one with another unconfirmed input',
    refused(
      'replacement-adds-unconfirmed',
      'replacement-adds-unconfirmed, replacement <txid> adds unconfirmed input, idx 1',
    ),
    async (scene) => {
      const [coin, other] = [scene.coin(), scene.coin()];
      const parent = spend([other], 500n);
      await scene.send(parent);
      await scene.send(spend([coin], 500n));
      return spend([coin, coinOf(parent, 0)], 5_000n);
    },
  ),
  oneCase('of 100 transactions', allowed, async (scene) => {
    const coins: TestCoin[] = [];
    for (let group = 0; group < 5; group += 1) coins.push(await fan(scene, 19));
    return spend(coins, 470_000n);
  }),
  oneCase(
    'of more than 100 transactions',
    refused(
      'too many potential replacements',
      'too many potential replacements, rejecting replacement <txid>; too many potential replacements (120 > 100)',
    ),
    async (scene) => {
      const coins: TestCoin[] = [];
      for (let group = 0; group < 6; group += 1) coins.push(await fan(scene, 19));
      return spend(coins, 590_000n);
    },
  ),
  oneCase('a 25th transaction in a chain', allowed, (scene) => chainOf(scene, 24)),
  oneCase(
    'a 26th transaction in a chain',
    refused('too-long-mempool-chain', 'too-long-mempool-chain, too many unconfirmed ancestors [limit: 25]'),
    (scene) => chainOf(scene, 25),
  ),
  oneCase('a 24th child', allowed, (scene) => childBeside(scene, 23)),
  oneCase('a 25th child, by the exception for one more', allowed, (scene) => childBeside(scene, 24)),
  oneCase(
    'a 26th child',
    refused(
      'too-long-mempool-chain',
      'too-long-mempool-chain, too many descendants for tx <txid> [limit: 25]',
    ),
    (scene) => childBeside(scene, 25),
  ),
];

/** The next child of a parent that has so many already. */
async function childBeside(scene: Scene, children: number): Promise<Transaction> {
  const coin = scene.coin();
  const outputs = Array.from({ length: children + 1 }, () => toBuyer(3_000n));
  const parent = signed({ coins: [coin], outputs });
  await scene.send(parent);
  for (let vout = 0; vout < children; vout += 1) await scene.send(spend([coinOf(parent, vout)], 110n));
  return spend([coinOf(parent, children)], 110n);
}

async function chainOf(scene: Scene, length: number): Promise<Transaction> {
  let coin = scene.coin();
  for (let link = 0; link < length; link += 1) {
    const tx = spend([coin], 110n);
    await scene.send(tx);
    coin = coinOf(tx, 0);
  }
  return spend([coin], 110n);
}
