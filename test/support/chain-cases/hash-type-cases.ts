import type { Transaction } from 'bitcoinjs-lib';
import { buyer, channelScript, p2wpkh, seller, stranger } from '../chain-keys.ts';
import {
  signatureFor,
  signKeyHash,
  type TestCoin,
  toBuyer,
  toSeller,
  unsigned,
} from '../chain-transactions.ts';
import { allowed, type ChainCase, type Expected, oneCase, refused, type Scene } from './chain-case.ts';

const EMPTY = new Uint8Array(0);
const NULL_FAIL =
  'mempool-script-verify-flag-failed (Signature must be zero for failed CHECK(MULTI)SIG operation)';
const nullFailAt = (input: number): Expected =>
  refused(NULL_FAIL, `${NULL_FAIL}, input ${input} of <txid> (wtxid <txid>), spending <txid>:<vout>`);
const nullFail = nullFailAt(0);

/** What is changed after the buyer signed; the seller signs the result with ALL. */
interface Change {
  readonly name: string;
  apply(tx: Transaction): void;
  /** Hash types under which the buyer's signature stands all the same. */
  readonly tolerated: readonly number[];
}

const ALL = 0x01;
const NONE = 0x02;
const SINGLE = 0x03;
const ALL_ANYONE = 0x81;
const NONE_ANYONE = 0x82;
const SINGLE_ANYONE = 0x83;
const every = [ALL, NONE, SINGLE, ALL_ANYONE, NONE_ANYONE, SINGLE_ANYONE];

const changes: readonly Change[] = [
  { name: 'nothing', apply: () => {}, tolerated: every },
  {
    name: 'its own output',
    apply: (tx) => {
      const [output] = tx.outs;
      if (output) output.value -= 1n;
    },
    tolerated: [NONE, NONE_ANYONE],
  },
  {
    name: "its own output's script",
    apply: (tx) => {
      const [output] = tx.outs;
      if (output) output.script = p2wpkh(stranger);
    },
    tolerated: [NONE, NONE_ANYONE],
  },
  {
    name: 'the other output',
    apply: (tx) => {
      const [, output] = tx.outs;
      if (output) output.value -= 500n;
    },
    tolerated: [NONE, SINGLE, NONE_ANYONE, SINGLE_ANYONE],
  },
  {
    name: 'an output more',
    apply: (tx) => {
      tx.addOutput(p2wpkh(stranger), 500n);
    },
    tolerated: [NONE, SINGLE, NONE_ANYONE, SINGLE_ANYONE],
  },
  {
    name: 'an output less',
    apply: (tx) => {
      tx.outs.pop();
    },
    tolerated: [NONE, SINGLE, NONE_ANYONE, SINGLE_ANYONE],
  },
  {
    name: 'the outputs swapped',
    apply: (tx) => {
      tx.outs.reverse();
    },
    tolerated: [NONE, NONE_ANYONE],
  },
  { name: 'the locktime', apply: (tx) => (tx.locktime = 1), tolerated: [] },
  { name: 'the version', apply: (tx) => (tx.version = 2), tolerated: [] },
  {
    name: 'the sequence',
    apply: (tx) => {
      const [input] = tx.ins;
      if (input) input.sequence = 0xfffffffe;
    },
    tolerated: [],
  },
];

function commitment(scene: Scene): { tx: Transaction; coin: TestCoin } {
  const coin = scene.channelCoin();
  const tx = unsigned({ coins: [coin], outputs: [toBuyer(60_000n), toSeller(38_000n)], version: 3 });
  return { tx, coin };
}

function join(tx: Transaction, index: number, coin: TestCoin, first: Uint8Array): void {
  const second = signatureFor(tx, index, coin, channelScript, seller);
  tx.setWitness(index, [EMPTY, first, second, channelScript]);
}

const hex = (hashType: number): string => `0x${hashType.toString(16).padStart(2, '0')}`;

const changeCases = every.flatMap((hashType) =>
  changes.map(({ name, apply, tolerated }) =>
    oneCase(
      `buyer signs ${hex(hashType)}, then ${name} changes`,
      tolerated.includes(hashType) ? allowed : nullFail,
      (scene) => {
        const { tx, coin } = commitment(scene);
        const first = signatureFor(tx, 0, coin, channelScript, buyer, { hashType });
        apply(tx);
        join(tx, 0, coin, first);
        return tx;
      },
    ),
  ),
);

const inputCases = every
  .map((hashType) =>
    oneCase(
      `buyer signs ${hex(hashType)}, then an input is added`,
      (hashType & 0x80) !== 0 ? allowed : nullFail,
      (scene) => {
        const { tx, coin } = commitment(scene);
        const first = signatureFor(tx, 0, coin, channelScript, buyer, { hashType });
        const other = scene.coin();
        tx.addInput(Uint8Array.from(Buffer.from(other.txid, 'hex').reverse()), other.vout, 0xfffffffd);
        tx.addOutput(p2wpkh(seller), other.value - 1_000n);
        // With ALL the added output alone would spoil it; with NONE and SINGLE it is the input.
        if ((hashType & 0x1f) === ALL) tx.outs.pop();
        join(tx, 0, coin, first);
        signKeyHash(tx, 1, other, buyer);
        return tx;
      },
    ),
  )
  .filter((_, index) => every[index] !== ALL_ANYONE);

/** Two channels settled in one transaction, each buyer having signed for its own input and change alone. */
function batch(scene: Scene, hashTypes: readonly [number, number], swapped: boolean): Transaction {
  const singles = hashTypes.map((hashType) => {
    const { tx, coin } = commitment(scene);
    if (hashType === NONE_ANYONE) tx.outs.splice(0, 2);
    return { coin, hashType, signature: signatureFor(tx, 0, coin, channelScript, buyer, { hashType }) };
  });
  if (swapped) singles.reverse();
  const changed = singles.filter(({ hashType }) => hashType === SINGLE_ANYONE);
  const tx = unsigned({
    coins: singles.map(({ coin }) => coin),
    outputs: [...changed.map(() => toBuyer(60_000n)), toSeller(78_000n)],
    version: 3,
  });
  for (const [index, { coin, signature }] of singles.entries()) join(tx, index, coin, signature);
  return tx;
}

export const hashTypeCases: readonly ChainCase[] = [
  ...changeCases,
  ...inputCases,
  oneCase('batch of two commitments 0x83', allowed, (scene) =>
    batch(scene, [SINGLE_ANYONE, SINGLE_ANYONE], false),
  ),
  oneCase('batch of 0x83 and then 0x82 without change', allowed, (scene) =>
    batch(scene, [SINGLE_ANYONE, NONE_ANYONE], false),
  ),
  oneCase('batch with the 0x82 input first', nullFailAt(1), (scene) =>
    batch(scene, [SINGLE_ANYONE, NONE_ANYONE], true),
  ),
  oneCase('0x83 without an output at its index, signed so', allowed, (scene) => {
    const [one, two] = [scene.channelCoin(), scene.channelCoin()];
    const tx = unsigned({ coins: [one, two], outputs: [toSeller(190_000n)], version: 3 });
    for (const [index, coin] of [one, two].entries()) {
      const hashType = SINGLE_ANYONE;
      join(tx, index, coin, signatureFor(tx, index, coin, channelScript, buyer, { hashType }));
    }
    return tx;
  }),
  ...([0x82, 0x83] as const).map((hashType) =>
    oneCase(
      `refund whose seller signed ${hex(hashType)}, outputs chosen later`,
      hashType === 0x82 ? allowed : nullFail,
      (scene) => {
        const coin = scene.channelCoin();
        const plan = { coins: [coin], outputs: [toBuyer(99_000n)], locktime: 100 };
        const sellerSigned = unsigned({ ...plan, outputs: [toBuyer(90_000n)] });
        const second = signatureFor(sellerSigned, 0, coin, channelScript, seller, { hashType });
        const tx = unsigned(plan);
        tx.setWitness(0, [EMPTY, signatureFor(tx, 0, coin, channelScript, buyer), second, channelScript]);
        return tx;
      },
    ),
  ),
  oneCase("a refund's signature in a cancel", nullFail, (scene) => {
    const coin = scene.channelCoin();
    const plan = { coins: [coin], outputs: [toBuyer(99_000n)] };
    const refund = unsigned({ ...plan, locktime: 100 });
    const second = signatureFor(refund, 0, coin, channelScript, seller, { hashType: NONE_ANYONE });
    const tx = unsigned(plan);
    tx.setWitness(0, [EMPTY, signatureFor(tx, 0, coin, channelScript, buyer), second, channelScript]);
    return tx;
  }),
  oneCase("a refund's signature on another channel's coin", nullFail, (scene) => {
    const [coin, other] = [scene.channelCoin(), scene.channelCoin()];
    const refund = unsigned({ coins: [other], outputs: [toBuyer(99_000n)] });
    const second = signatureFor(refund, 0, other, channelScript, seller, { hashType: NONE_ANYONE });
    const tx = unsigned({ coins: [coin], outputs: [toBuyer(99_000n)] });
    tx.setWitness(0, [EMPTY, signatureFor(tx, 0, coin, channelScript, buyer), second, channelScript]);
    return tx;
  }),
];
