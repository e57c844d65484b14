import type { Transaction } from 'bitcoinjs-lib';
import { buyer, bytes, channelScript, multisig, seller, stranger } from '../chain-keys.ts';
import {
  keyHashScriptCode,
  signatureFor,
  signed,
  signKeyHash,
  type TestCoin,
  toBuyer,
  unsigned,
} from '../chain-transactions.ts';
import { allowed, type ChainCase, type Expected, oneCase, refused, type Scene } from './chain-case.ts';

const FEE = 1_000n;
const EMPTY = new Uint8Array(0);
const failed = (words: string): Expected => {
  const reason = `mempool-script-verify-flag-failed (${words})`;
  return refused(reason, `${reason}, input 0 of <txid> (wtxid <txid>), spending <txid>:<vout>`);
};

const nullFail = failed('Signature must be zero for failed CHECK(MULTI)SIG operation');
const evalFalse = failed('Script evaluated without error but finished with a false/empty top stack element');
const badDer = failed('Non-canonical DER signature');
const badHashType = failed('Signature hash type missing or not understood');
const highS = failed('Non-canonical signature: S value is unnecessarily high');
const mismatch = failed('Witness program hash mismatch');

type Change = (tx: Transaction, coin: TestCoin) => void;

function keyHash(scene: Scene, change: Change) {
  const coin = scene.coin();
  const tx = unsigned({ coins: [coin], outputs: [toBuyer(coin.value - FEE)] });
  change(tx, coin);
  return tx;
}

function channel(scene: Scene, change: Change) {
  const coin = scene.channelCoin();
  const tx = unsigned({ coins: [coin], outputs: [toBuyer(coin.value - FEE)] });
  change(tx, coin);
  return tx;
}

const sign = (tx: Transaction, coin: TestCoin, key = buyer, hashType = 0x01): Uint8Array =>
  signatureFor(tx, 0, coin, keyHashScriptCode(buyer), key, { hashType });
const join = (tx: Transaction, coin: TestCoin, key = buyer, hashType = 0x01): Uint8Array =>
  signatureFor(tx, 0, coin, channelScript, key, { hashType });

/** How to spoil a good signature, and what a node says to it; the same for both kinds of script. */
const spoilt: readonly [name: string, spoil: (good: Uint8Array) => Uint8Array, expected: Expected][] = [
  ['cut by a byte', (good) => good.subarray(0, -2), badDer],
  ['without its hash type', (good) => good.subarray(0, -1), badDer],
  ['with a padded R', (good) => bytes(0x30, 69, 2, 33, 0, good.subarray(4, 36), good.subarray(36)), badDer],
  ['with another tag', (good) => bytes(0x31, good.subarray(1)), badDer],
  ['with a wrong length', (good) => bytes(0x30, 67, good.subarray(2)), badDer],
  ['with a byte between S and hash type', (good) => bytes(good.subarray(0, -1), 0, 1), badDer],
  ['of one byte', () => bytes(1), badDer],
  ['with hash type 0', (good) => bytes(good.subarray(0, -1), 0), badHashType],
  ['with hash type 4', (good) => bytes(good.subarray(0, -1), 4), badHashType],
  ['with hash type 0x80', (good) => bytes(good.subarray(0, -1), 0x80), badHashType],
  ['with hash type 0x84', (good) => bytes(good.subarray(0, -1), 0x84), badHashType],
  ['with hash type 0x41', (good) => bytes(good.subarray(0, -1), 0x41), badHashType],
  ['with another hash type than signed', (good) => bytes(good.subarray(0, -1), 0x81), nullFail],
  ['with one bit flipped', (good) => good.map((byte, at) => (at === 50 ? byte ^ 1 : byte)), nullFail],
  ['with R and S of 1', () => bytes(0x30, 6, 2, 1, 1, 2, 1, 1, 1), nullFail],
  ['with R of 0', () => bytes(0x30, 6, 2, 1, 0, 2, 1, 1, 1), nullFail],
];

const spoiltCases = spoilt.flatMap(([name, spoil, expected]): ChainCase[] => [
  oneCase(`P2WPKH signature ${name}`, expected, (scene) =>
    keyHash(scene, (tx, coin) => tx.setWitness(0, [spoil(sign(tx, coin)), buyer.publicKey])),
  ),
  oneCase(`2-of-2, buyer's signature ${name}`, expected, (scene) =>
    channel(scene, (tx, coin) =>
      tx.setWitness(0, [EMPTY, spoil(join(tx, coin)), join(tx, coin, seller), channelScript]),
    ),
  ),
  oneCase(`2-of-2, seller's signature ${name}`, expected, (scene) =>
    channel(scene, (tx, coin) =>
      tx.setWitness(0, [EMPTY, join(tx, coin), spoil(join(tx, coin, seller)), channelScript]),
    ),
  ),
]);

const keyHashCases: readonly ChainCase[] = [
  oneCase('P2WPKH, properly signed', allowed, (scene) =>
    keyHash(scene, (tx, coin) => signKeyHash(tx, 0, coin)),
  ),
  oneCase('P2WPKH without witness', mismatch, (scene) => keyHash(scene, () => {})),
  oneCase('P2WPKH with a signature alone', mismatch, (scene) =>
    keyHash(scene, (tx, coin) => tx.setWitness(0, [sign(tx, coin)])),
  ),
  oneCase('P2WPKH with three witness items', mismatch, (scene) =>
    keyHash(scene, (tx, coin) => tx.setWitness(0, [EMPTY, sign(tx, coin), buyer.publicKey])),
  ),
  oneCase('P2WPKH with an empty signature', evalFalse, (scene) =>
    keyHash(scene, (tx) => tx.setWitness(0, [EMPTY, buyer.publicKey])),
  ),
  oneCase('P2WPKH with another key', failed('Script failed an OP_EQUALVERIFY operation'), (scene) =>
    keyHash(scene, (tx, coin) => signKeyHash(tx, 0, coin, stranger)),
  ),
  oneCase("P2WPKH with another key's signature", nullFail, (scene) =>
    keyHash(scene, (tx, coin) => tx.setWitness(0, [sign(tx, coin, stranger), buyer.publicKey])),
  ),
  oneCase('P2WPKH with high S', highS, (scene) =>
    keyHash(scene, (tx, coin) => signKeyHash(tx, 0, coin, buyer, { highS: true })),
  ),
  oneCase('P2WPKH signed for another amount', nullFail, (scene) =>
    keyHash(scene, (tx, coin) => signKeyHash(tx, 0, { ...coin, value: coin.value + 1n })),
  ),
  oneCase('P2WPKH with something in the scriptSig', failed('Witness requires empty scriptSig'), (scene) =>
    keyHash(scene, (tx, coin) => {
      tx.setInputScript(0, bytes(2, 7, 7));
      signKeyHash(tx, 0, coin);
    }),
  ),
];

const channelCases: readonly ChainCase[] = [
  oneCase('2-of-2, properly signed', allowed, (scene) => {
    const coin = scene.channelCoin();
    return signed({ coins: [coin], outputs: [toBuyer(coin.value - FEE)] });
  }),
  oneCase('2-of-2 without witness', failed('Witness program was passed an empty witness'), (scene) =>
    channel(scene, () => {}),
  ),
  oneCase(
    '2-of-2 with the script alone',
    failed('Operation not valid with the current stack size'),
    (scene) => channel(scene, (tx) => tx.setWitness(0, [channelScript])),
  ),
  oneCase('2-of-2 without the dummy', failed('Operation not valid with the current stack size'), (scene) =>
    channel(scene, (tx, coin) => tx.setWitness(0, [join(tx, coin), join(tx, coin, seller), channelScript])),
  ),
  oneCase('2-of-2 with a dummy of one byte', failed('Dummy CHECKMULTISIG argument must be zero'), (scene) =>
    channel(scene, (tx, coin) =>
      tx.setWitness(0, [bytes(0), join(tx, coin), join(tx, coin, seller), channelScript]),
    ),
  ),
  oneCase('2-of-2 with an item too many', failed('Stack size must be exactly one after execution'), (scene) =>
    channel(scene, (tx, coin) =>
      tx.setWitness(0, [EMPTY, EMPTY, join(tx, coin), join(tx, coin, seller), channelScript]),
    ),
  ),
  oneCase('2-of-2 with signatures in the other order', nullFail, (scene) =>
    channel(scene, (tx, coin) =>
      tx.setWitness(0, [EMPTY, join(tx, coin, seller), join(tx, coin), channelScript]),
    ),
  ),
  oneCase("2-of-2 with the buyer's signature twice", nullFail, (scene) =>
    channel(scene, (tx, coin) => tx.setWitness(0, [EMPTY, join(tx, coin), join(tx, coin), channelScript])),
  ),
  oneCase("2-of-2 with the seller's signature twice", nullFail, (scene) =>
    channel(scene, (tx, coin) =>
      tx.setWitness(0, [EMPTY, join(tx, coin, seller), join(tx, coin, seller), channelScript]),
    ),
  ),
  oneCase("2-of-2 without the seller's signature", nullFail, (scene) =>
    channel(scene, (tx, coin) => tx.setWitness(0, [EMPTY, join(tx, coin), EMPTY, channelScript])),
  ),
  oneCase("2-of-2 without the buyer's signature", nullFail, (scene) =>
    channel(scene, (tx, coin) => tx.setWitness(0, [EMPTY, EMPTY, join(tx, coin, seller), channelScript])),
  ),
  oneCase('2-of-2 with no signature', evalFalse, (scene) =>
    channel(scene, (tx) => tx.setWitness(0, [EMPTY, EMPTY, EMPTY, channelScript])),
  ),
  oneCase("2-of-2 with a stranger's signature", nullFail, (scene) =>
    channel(scene, (tx, coin) =>
      tx.setWitness(0, [EMPTY, join(tx, coin), join(tx, coin, stranger), channelScript]),
    ),
  ),
  oneCase('2-of-2 with keys in the other order', mismatch, (scene) =>
    channel(scene, (tx, coin) => {
      const script = multisig(seller, buyer);
      tx.setWitness(0, [EMPTY, join(tx, coin, seller), join(tx, coin), script]);
    }),
  ),
  oneCase('2-of-2 with a script of one', mismatch, (scene) =>
    channel(scene, (tx, coin) => tx.setWitness(0, [EMPTY, join(tx, coin), bytes(0x51)])),
  ),
  oneCase('2-of-2 with a witness item of 81 bytes', refused('bad-witness-stackitem-size'), (scene) =>
    channel(scene, (tx, coin) =>
      tx.setWitness(0, [new Uint8Array(81), join(tx, coin), join(tx, coin, seller), channelScript]),
    ),
  ),
  oneCase("2-of-2 with high S in the buyer's signature", highS, (scene) =>
    channel(scene, (tx, coin) => {
      const first = signatureFor(tx, 0, coin, channelScript, buyer, { highS: true });
      tx.setWitness(0, [EMPTY, first, join(tx, coin, seller), channelScript]);
    }),
  ),
  oneCase("2-of-2 with high S in the seller's signature", highS, (scene) =>
    channel(scene, (tx, coin) => {
      const second = signatureFor(tx, 0, coin, channelScript, seller, { highS: true });
      tx.setWitness(0, [EMPTY, join(tx, coin), second, channelScript]);
    }),
  ),
  oneCase('2-of-2 with something in the scriptSig', failed('Witness requires empty scriptSig'), (scene) =>
    channel(scene, (tx, coin) => {
      tx.setInputScript(0, bytes(2, 7, 7));
      tx.setWitness(0, [EMPTY, join(tx, coin), join(tx, coin, seller), channelScript]);
    }),
  ),
  oneCase('2-of-2 signed for another amount', nullFail, (scene) =>
    channel(scene, (tx, coin) => {
      const wrong = { ...coin, value: coin.value - 1n };
      tx.setWitness(0, [EMPTY, join(tx, wrong), join(tx, wrong, seller), channelScript]);
    }),
  ),
];

const scriptSigCases: readonly ChainCase[] = [
  oneCase('P2WPKH with a clumsy push in the scriptSig', failed('Data push larger than necessary'), (scene) =>
    keyHash(scene, (tx, coin) => {
      tx.setInputScript(0, bytes(1, 1));
      signKeyHash(tx, 0, coin);
    }),
  ),
  oneCase('P2WPKH with an operation in the scriptSig', refused('scriptsig-not-pushonly'), (scene) =>
    keyHash(scene, (tx, coin) => {
      tx.setInputScript(0, bytes(0x61));
      signKeyHash(tx, 0, coin);
    }),
  ),
  oneCase('P2WPKH with a scriptSig of 1,651 bytes', refused('scriptsig-size'), (scene) =>
    keyHash(scene, (tx, coin) => {
      tx.setInputScript(0, bytes(0x4d, 0x70, 0x06, new Uint8Array(1_648)));
      signKeyHash(tx, 0, coin);
    }),
  ),
  oneCase(
    '2-of-2 with 101 witness items before the script',
    refused('bad-witness-stackitem-count'),
    (scene) =>
      channel(scene, (tx) => {
        tx.setWitness(0, [...Array.from({ length: 101 }, () => EMPTY), channelScript]);
      }),
  ),
];

export const scriptCases: readonly ChainCase[] = [
  ...spoiltCases,
  ...keyHashCases,
  ...channelCases,
  ...scriptSigCases,
];
