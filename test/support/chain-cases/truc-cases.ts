import type { Transaction } from 'bitcoinjs-lib';
import { bytes, p2pkh, seller } from '../chain-keys.ts';
import { coinOf, signed, type TestCoin, toBuyer, toChannel } from '../chain-transactions.ts';
import { allowed, type ChainCase, type Expected, oneCase, refused, type Scene } from './chain-case.ts';

const spend = (coins: readonly TestCoin[], fee: bigint, version = 3): Transaction => {
  const total = coins.reduce((sum, { value }) => sum + value, 0n);
  return signed({ coins, outputs: [toBuyer(total - fee)], version });
};

/** A transaction of exactly `vsize`: outputs of 31 vB, the rest in one that carries data. */
function sized(coin: TestCoin, vsize: number, version: number): Transaction {
  const pad = (length: number): Uint8Array =>
    length > 75
      ? bytes(0x6a, 76, length, new Uint8Array(length))
      : bytes(0x6a, length, new Uint8Array(length));
  for (let count = Math.floor((vsize - 130) / 34); ; count -= 1) {
    for (let data = 0; data <= 80; data += 1) {
      const outputs = Array.from({ length: count }, () => ({ script: p2pkh(seller), value: 546n }));
      const rest = coin.value - BigInt(count) * 546n - BigInt(vsize) * 2n;
      const plan = {
        coins: [coin],
        outputs: [toBuyer(rest), ...outputs, { script: pad(data), value: 0n }],
        version,
      };
      const guess = 110 + count * 34 + 9 + 2 + data + (data > 75 ? 1 : 0) + (count > 250 ? 2 : 0);
      if (Math.abs(guess - vsize) > 1) continue;
      const tx = signed(plan);
      if (tx.virtualSize() === vsize) return tx;
    }
  }
}

async function parentAndChild(
  scene: Scene,
  parentVersion: number,
  childVersion: number,
): Promise<Transaction> {
  const parent = spend([scene.coin()], 500n, parentVersion);
  await scene.send(parent);
  return spend([coinOf(parent, 0)], 500n, childVersion);
}

/** A version 3 parent with two outputs, the first spent by a child that pays `fee`. */
async function parentWithChild(scene: Scene, fee: bigint): Promise<Transaction> {
  const coin = scene.coin();
  const parent = signed({ coins: [coin], outputs: [toBuyer(49_000n), toBuyer(50_000n)], version: 3 });
  await scene.send(parent);
  await scene.send(spend([coinOf(parent, 0)], fee));
  return parent;
}

const NAMED = '<txid> (wtxid=<txid>)';
const truc = (reason: string, details: string): Expected => refused(reason, `${reason}, ${details}`);
const spendsOther = truc(
  'truc-spends-nontruc',
  `version=3 tx ${NAMED} cannot spend from non-version=3 tx ${NAMED}`,
);
const spentByOther = truc(
  'truc-spent-by-nontruc',
  `non-version=3 tx ${NAMED} cannot spend from version=3 tx ${NAMED}`,
);
const tooManyAncestors = truc('truc-ancestors-toomany', `tx ${NAMED} would have too many ancestors`);

export const trucCases: readonly ChainCase[] = [
  oneCase('version 3 of 10,000 vB', allowed, async (scene) => sized(await scene.coinbase(113), 10_000, 3)),
  oneCase(
    'version 3 of 10,001 vB',
    truc('truc-vsize-toobig', `version=3 tx ${NAMED} is too big: 10001 > 10000 virtual bytes`),
    async (scene) => sized(await scene.coinbase(112), 10_001, 3),
  ),
  oneCase('version 2 of 10,001 vB', allowed, async (scene) => sized(await scene.coinbase(111), 10_001, 2)),
  oneCase('a version 3 child of version 3', allowed, (scene) => parentAndChild(scene, 3, 3)),
  oneCase('a version 3 child of version 2', spendsOther, (scene) => parentAndChild(scene, 2, 3)),
  oneCase('a version 2 child of version 3', spentByOther, (scene) => parentAndChild(scene, 3, 2)),
  oneCase('a version 1 child of version 3', spentByOther, (scene) => parentAndChild(scene, 3, 1)),
  oneCase('a version 3 child of 1,000 vB', allowed, async (scene) => {
    const parent = spend([scene.coin()], 500n);
    await scene.send(parent);
    return sized(coinOf(parent, 0), 1_000, 3);
  }),
  oneCase(
    'a version 3 child of 1,001 vB',
    truc('truc-child-toobig', `version=3 child tx ${NAMED} is too big: 1001 > 1000 virtual bytes`),
    async (scene) => {
      const parent = spend([scene.coin()], 500n);
      await scene.send(parent);
      return sized(coinOf(parent, 0), 1_001, 3);
    },
  ),
  oneCase('a version 3 grandchild', tooManyAncestors, async (scene) => {
    const child = await parentAndChild(scene, 3, 3);
    await scene.send(child);
    return spend([coinOf(child, 0)], 500n);
  }),
  oneCase('version 3 with two unconfirmed parents', tooManyAncestors, async (scene) => {
    const parents = [spend([scene.coin()], 500n), spend([scene.coin()], 500n)];
    for (const parent of parents) await scene.send(parent);
    return spend(
      parents.map((parent) => coinOf(parent, 0)),
      500n,
    );
  }),
  oneCase('a second child that pays for pushing the first out', allowed, async (scene) => {
    const parent = await parentWithChild(scene, 500n);
    return spend([coinOf(parent, 1)], 1_000n);
  }),
  oneCase(
    'a second child that pays too little for it',
    truc(
      'insufficient fee (including sibling eviction)',
      'rejecting replacement <txid>; new feerate 0.00004545 BTC/kvB <= old feerate 0.00004545 BTC/kvB',
    ),
    async (scene) => {
      const parent = await parentWithChild(scene, 500n);
      return spend([coinOf(parent, 1)], 500n);
    },
  ),
  oneCase('a child that replaces the only child', allowed, async (scene) => {
    const parent = await parentWithChild(scene, 500n);
    return spend([coinOf(parent, 0)], 1_000n);
  }),
  oneCase(
    'a child that pays too little to replace the only child',
    truc(
      'insufficient fee',
      'rejecting replacement <txid>, not enough additional fees to relay; 0.00000001 < 0.0000011',
    ),
    async (scene) => {
      const parent = await parentWithChild(scene, 500n);
      return spend([coinOf(parent, 0)], 501n);
    },
  ),
  oneCase('version 3 in place of version 2', allowed, async (scene) => {
    const coin = scene.coin();
    await scene.send(spend([coin], 500n, 2));
    return spend([coin], 1_000n, 3);
  }),
  oneCase('version 2 in place of version 3', allowed, async (scene) => {
    const coin = scene.coin();
    await scene.send(spend([coin], 500n, 3));
    return spend([coin], 1_000n, 2);
  }),
  oneCase('a settlement of a funding that is not in a block', spendsOther, async (scene) => {
    const coin = scene.coin();
    const funding = signed({ coins: [coin], outputs: [toChannel(99_000n)] });
    await scene.send(funding);
    return spend([coinOf(funding, 0)], 500n);
  }),
  oneCase('a refund of a funding that is not in a block', allowed, async (scene) => {
    const coin = scene.coin();
    const funding = signed({ coins: [coin], outputs: [toChannel(99_000n)] });
    await scene.send(funding);
    return spend([coinOf(funding, 0)], 500n, 2);
  }),
  oneCase('a second child of version 3 beside a child of version 2', spendsOther, async (scene) => {
    const coin = scene.coin();
    const parent = signed({ coins: [coin], outputs: [toBuyer(49_000n), toBuyer(50_000n)], version: 2 });
    await scene.send(parent);
    await scene.send(spend([coinOf(parent, 0)], 500n, 2));
    return spend([coinOf(parent, 1)], 500n, 3);
  }),
];
