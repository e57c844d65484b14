import { Transaction } from 'bitcoinjs-lib';
import { bytes, p2wpkh, seller } from '../chain-keys.ts';
import { signed, signKeyHash, toBuyer, unsigned } from '../chain-transactions.ts';
import { allowed, type ChainCase, type Expected, oneCase, refused, type Scene } from './chain-case.ts';

const FEE = 1_000n;
const undecodable: Expected = {
  reason: '-22 TX decode failed: <raw> Make sure the tx has at least one input.',
  send: [-22, 'TX decode failed. Make sure the tx has at least one input.'],
};

function plain(scene: Scene, version = 2) {
  const coin = scene.coin();
  return signed({ coins: [coin], outputs: [toBuyer(coin.value - FEE)], version });
}

/** Changes the value of the first output in the bytes themselves, where the library would refuse. */
function withValue(scene: Scene, hex: string, outputs = 1) {
  const coin = scene.coin();
  const marker = 81_985_529_216_486n;
  const tx = unsigned({ coins: [coin], outputs: Array.from({ length: outputs }, () => toBuyer(marker)) });
  const bytesOfMarker = Buffer.alloc(8);
  bytesOfMarker.writeBigInt64LE(marker);
  return tx.toHex().replaceAll(bytesOfMarker.toString('hex'), hex);
}

const NO_HASH = '00'.repeat(32);

export const formCases: readonly ChainCase[] = [
  oneCase('version 1', allowed, (scene) => plain(scene, 1)),
  oneCase('version 2', allowed, (scene) => plain(scene, 2)),
  oneCase('version 3', allowed, (scene) => plain(scene, 3)),
  oneCase('version 0', refused('version'), (scene) => plain(scene, 0)),
  oneCase('version 4', refused('version'), (scene) => plain(scene, 4)),
  oneCase('version 0xffffffff', refused('version'), (scene) => plain(scene, 0xffffffff)),
  oneCase('the same input twice', refused('bad-txns-inputs-duplicate'), (scene) => {
    const coin = scene.coin();
    return signed({ coins: [coin, coin], outputs: [toBuyer(coin.value - FEE)] });
  }),
  oneCase('no outputs', refused('bad-txns-vout-empty'), (scene) =>
    signed({ coins: [scene.coin()], outputs: [] }),
  ),
  oneCase('a negative amount', refused('bad-txns-vout-negative'), (scene) =>
    withValue(scene, 'ffffffffffffffff'),
  ),
  oneCase('21 million and one', refused('bad-txns-vout-toolarge'), (scene) =>
    withValue(scene, '0140075af0750700'),
  ),
  oneCase('amounts that add up to more than 21 million', refused('bad-txns-txouttotal-toolarge'), (scene) =>
    withValue(scene, '0040075af0750700', 2),
  ),
  oneCase(
    'pays out more than it takes in',
    refused('bad-txns-in-belowout', 'bad-txns-in-belowout, value in (0.001) < value out (0.00100001)'),
    (scene) => {
      const coin = scene.coin();
      return signed({ coins: [coin], outputs: [toBuyer(coin.value + 1n)] });
    },
  ),
  oneCase('a coinbase out of place', refused('coinbase'), () => {
    const tx = new Transaction();
    tx.addInput(new Uint8Array(32), 0xffffffff, 0xffffffff, bytes(1, 2, 3));
    tx.addOutput(p2wpkh(seller), 1_000n);
    return tx;
  }),
  oneCase('a coinbase with too short a script', refused('bad-cb-length'), () => {
    const tx = new Transaction();
    tx.addInput(new Uint8Array(32), 0xffffffff, 0xffffffff, bytes(1));
    tx.addOutput(p2wpkh(seller), 1_000n);
    return tx;
  }),
  oneCase('a null outpoint among others', refused('bad-txns-prevout-null'), (scene) => {
    const coin = scene.coin();
    const tx = signed({ coins: [coin], outputs: [toBuyer(coin.value - FEE)] });
    tx.addInput(new Uint8Array(32), 0xffffffff);
    return tx;
  }),
  oneCase('64 bytes without witness', refused('tx-size-small'), (scene) => {
    const coin = scene.coin();
    return signed({ coins: [coin], outputs: [{ script: bytes(0x51, 2, 0x4e, 0x73), value: 90_000n }] });
  }),
  oneCase('65 bytes without witness', allowed, (scene) => {
    const coin = scene.coin();
    return signed({ coins: [coin], outputs: [{ script: bytes(0x51, 3, 1, 2, 3), value: 90_000n }] });
  }),
  oneCase('more than 400,000 weight units', refused('tx-size'), (scene) => {
    const coin = scene.coin();
    const outputs = Array.from({ length: 3_300 }, () => ({ script: p2wpkh(seller), value: 294n }));
    const tx = unsigned({ coins: [coin], outputs });
    signKeyHash(tx, 0, coin);
    return tx;
  }),
  oneCase('not hex', undecodable, () => 'zz'),
  oneCase('half a byte too much', undecodable, (scene) => `${plain(scene).toHex()}0`),
  oneCase('a byte too much', undecodable, (scene) => `${plain(scene).toHex()}00`),
  oneCase('a byte too little', undecodable, (scene) => plain(scene).toHex().slice(0, -2)),
  oneCase('no inputs', refused('bad-txns-vin-empty'), () => `0200000000${'00'}00000000`),
  oneCase('a length written longer than needed', undecodable, (scene) => {
    const tx = unsigned({ coins: [scene.coin()], outputs: [toBuyer(1_000n)] });
    return tx.toHex().replace(/^0200000001/, '02000000fd0100');
  }),
  oneCase('a witness section with nothing in it', undecodable, () => {
    const input = `01${NO_HASH.replace(/^00/, '11')}0000000000fdffffff`;
    const output = `01e803000000000000160014${'22'.repeat(20)}`;
    return `020000000001${input}${output}0000000000`;
  }),
];
