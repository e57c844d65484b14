import { signChannel, signed, toBuyer, unsigned } from '../chain-transactions.ts';
import { allowed, type ChainCase, oneCase, refused, type Scene } from './chain-case.ts';

const FEE = 1_000n;
const FINAL = 0xffffffff;
const nonFinal = refused('non-final');
const relativeLocked = refused('non-BIP68-final');

interface Times {
  readonly version?: number;
  readonly locktime?: number;
  readonly sequence?: number;
}

function spend(scene: Scene, times: Times) {
  const coin = scene.coin();
  return signed({ ...times, coins: [coin], outputs: [toBuyer(coin.value - FEE)] });
}

/** The refund as the protocol builds it: seller's signature 0x82, locktime L. */
async function refund(scene: Scene, distance: number, sequence?: number) {
  const coin = scene.channelCoin();
  const locktime = (await scene.height()) + distance;
  const times = sequence === undefined ? {} : { sequence };
  const tx = unsigned({ coins: [coin], outputs: [toBuyer(coin.value - FEE)], locktime, ...times });
  signChannel(tx, 0, coin, 0x01, 0x82);
  return tx;
}

export const finalityCases: readonly ChainCase[] = [
  oneCase('locktime 0', allowed, (scene) => spend(scene, {})),
  oneCase('locktime at the tip', allowed, async (scene) => spend(scene, { locktime: await scene.height() })),
  oneCase('locktime one above the tip', nonFinal, async (scene) =>
    spend(scene, { locktime: (await scene.height()) + 1 }),
  ),
  oneCase('locktime two above the tip', nonFinal, async (scene) =>
    spend(scene, { locktime: (await scene.height()) + 2 }),
  ),
  oneCase('locktime far above the tip, every sequence final', allowed, (scene) =>
    spend(scene, { locktime: 400_000, sequence: FINAL }),
  ),
  oneCase('locktime above the tip, sequence one below final', nonFinal, (scene) =>
    spend(scene, { locktime: 400_000, sequence: FINAL - 1 }),
  ),
  oneCase('locktime above the tip, one of two sequences final', nonFinal, (scene) => {
    const coins = [scene.coin(), scene.coin()];
    const tx = unsigned({ coins, outputs: [toBuyer(190_000n)], locktime: 400_000, sequence: FINAL });
    const [, second] = tx.ins;
    if (second) second.sequence = 0xfffffffd;
    return tx;
  }),
  oneCase('locktime is the last height', nonFinal, (scene) => spend(scene, { locktime: 499_999_999 })),
  oneCase('locktime is the first time, long past', allowed, (scene) =>
    spend(scene, { locktime: 500_000_000 }),
  ),
  oneCase('locktime one second before the median time', allowed, async (scene) =>
    spend(scene, { locktime: (await scene.medianTime()) - 1 }),
  ),
  oneCase('locktime at the median time', nonFinal, async (scene) =>
    spend(scene, { locktime: await scene.medianTime() }),
  ),
  oneCase('locktime an hour after the median time', nonFinal, async (scene) =>
    spend(scene, { locktime: (await scene.medianTime()) + 3600 }),
  ),
  oneCase('locktime is the last time there is', nonFinal, (scene) => spend(scene, { locktime: FINAL })),
  oneCase('refund with the tip at L', allowed, (scene) => refund(scene, 0)),
  oneCase('refund one block before L', nonFinal, (scene) => refund(scene, 1)),
  oneCase('refund 100 blocks before L', nonFinal, (scene) => refund(scene, 100)),
  oneCase('refund whose sequence switches its locktime off', allowed, (scene) => refund(scene, 100, FINAL)),
  oneCase('relative lock of 0 blocks', allowed, (scene) => spend(scene, { sequence: 0 })),
  oneCase('relative lock of 1 block on a confirmed coin', allowed, (scene) => spend(scene, { sequence: 1 })),
  oneCase('relative lock of 60,000 blocks', relativeLocked, (scene) => spend(scene, { sequence: 60_000 })),
  oneCase('relative lock in a version 1 transaction means nothing', allowed, (scene) =>
    spend(scene, { version: 1, sequence: 60_000 }),
  ),
  oneCase('relative lock in a version 3 transaction counts', relativeLocked, (scene) =>
    spend(scene, { version: 3, sequence: 60_000 }),
  ),
  oneCase('relative lock with its disable bit', allowed, (scene) => spend(scene, { sequence: 0x8000ea60 })),
  oneCase('relative lock of 0 time units', allowed, (scene) => spend(scene, { sequence: 0x00400000 })),
  oneCase('relative lock of 60,000 time units', relativeLocked, (scene) =>
    spend(scene, { sequence: 0x0040ea60 }),
  ),
  oneCase('relative lock of 1 block on an unconfirmed coin', relativeLocked, async (scene) => {
    const parent = spend(scene, {});
    await scene.send(parent);
    return childOf(parent, 1);
  }),
  oneCase('relative lock of 0 blocks on an unconfirmed coin', allowed, async (scene) => {
    const parent = spend(scene, {});
    await scene.send(parent);
    return childOf(parent, 0);
  }),
];

function childOf(parent: ReturnType<typeof spend>, sequence: number) {
  const [output] = parent.outs;
  if (!output) throw new Error('the parent has an output');
  const coin = { txid: parent.getId(), vout: 0, value: output.value, script: output.script };
  return signed({ coins: [coin], outputs: [toBuyer(coin.value - FEE)], sequence });
}
