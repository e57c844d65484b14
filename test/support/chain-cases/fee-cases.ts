import { p2wpkh, seller } from '../chain-keys.ts';
import { coinOf, signed, type TestCoin, toBuyer } from '../chain-transactions.ts';
import { allowed, type ChainCase, type Expected, oneCase, refused, type Scene } from './chain-case.ts';

/** One P2WPKH input and output take 110 vB. */
const VSIZE = 110n;
/** A channel's output spent to one P2WPKH output. */
const CHANNEL_VSIZE = 137n;

const belowFloor = (fee: bigint, floor: bigint): Expected =>
  refused('min relay fee not met', `min relay fee not met, ${fee} < ${floor}`);

function payingFee(scene: Scene, fee: bigint, version = 2) {
  const coin = scene.coin();
  return signed({ coins: [coin], outputs: [toBuyer(coin.value - fee)], version });
}

const coinbaseFee = (coin: TestCoin, fee: bigint) =>
  signed({ coins: [coin], outputs: [toBuyer(coin.value - fee)] });

function channelFee(scene: Scene, fee: bigint, version: number) {
  const coin = scene.channelCoin();
  return signed({ coins: [coin], outputs: [toBuyer(coin.value - fee)], version });
}

export const feeCases: readonly ChainCase[] = [
  oneCase('exactly the relay floor', allowed, (scene) => payingFee(scene, VSIZE)),
  oneCase('one satoshi below the floor', belowFloor(109n, 110n), (scene) => payingFee(scene, VSIZE - 1n)),
  oneCase('no fee', belowFloor(0n, 110n), (scene) => payingFee(scene, 0n)),
  oneCase('version 3 at the floor', allowed, (scene) => payingFee(scene, VSIZE, 3)),
  oneCase('version 3 below the floor', belowFloor(1n, 110n), (scene) => payingFee(scene, 1n, 3)),
  oneCase('2-of-2 at the floor', allowed, (scene) => channelFee(scene, CHANNEL_VSIZE, 2)),
  oneCase('2-of-2 one satoshi below', belowFloor(136n, 137n), (scene) =>
    channelFee(scene, CHANNEL_VSIZE - 1n, 2),
  ),
  oneCase('2-of-2, version 3, at the floor', allowed, (scene) => channelFee(scene, CHANNEL_VSIZE, 3)),
  oneCase('all of it to the fee but the dust limit', allowed, (scene) => {
    const coins = [scene.coin()];
    return signed({ coins, outputs: [{ script: p2wpkh(seller), value: 99_000n }] });
  }),
  oneCase(
    'a satoshi above a tenth of a coin per 1,000 vB',
    {
      reason: 'max-fee-exceeded',
      send: [-25, 'Fee exceeds maximum configured by user (e.g. -maxtxfee, maxfeerate)'],
    },
    async (scene) => coinbaseFee(await scene.coinbase(115), 1_100_001n),
  ),
  oneCase('a tenth of a coin per 1,000 vB', allowed, async (scene) =>
    coinbaseFee(await scene.coinbase(114), 1_100_000n),
  ),
  oneCase('a child that pays for a parent at the floor', allowed, async (scene) => {
    const parent = payingFee(scene, VSIZE);
    await scene.send(parent);
    const coin = coinOf(parent, 0);
    return signed({ coins: [coin], outputs: [toBuyer(coin.value - 5_000n)] });
  }),
  oneCase('a child below the floor itself', belowFloor(50n, 110n), async (scene) => {
    const parent = payingFee(scene, 5_000n);
    await scene.send(parent);
    const coin = coinOf(parent, 0);
    return signed({ coins: [coin], outputs: [toBuyer(coin.value - 50n)] });
  }),
];
