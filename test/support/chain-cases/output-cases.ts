import {
  buyer,
  bytes,
  channelScript,
  multisig,
  p2pkh,
  p2sh,
  p2tr,
  p2wpkh,
  p2wsh,
  seller,
} from '../chain-keys.ts';
import { signed, type TestOutput, toBuyer } from '../chain-transactions.ts';
import { allowed, type ChainCase, type Expected, oneCase, refused, type Scene } from './chain-case.ts';

const FEE = 2_000n;

function paying(scene: Scene, ...outputs: TestOutput[]) {
  const coin = scene.coin();
  const paid = outputs.reduce((sum, { value }) => sum + value, 0n);
  return signed({ coins: [coin], outputs: [toBuyer(coin.value - paid - FEE), ...outputs] });
}

const kinds: readonly [name: string, script: Uint8Array, dustLimit: bigint][] = [
  ['P2WPKH', p2wpkh(seller), 294n],
  ['P2WSH', p2wsh(channelScript), 330n],
  ['P2TR', p2tr(seller), 330n],
  ['P2PKH', p2pkh(seller), 546n],
  ['P2SH', p2sh(channelScript), 540n],
  ['witness version 2, 32 bytes', bytes(0x52, 32, new Uint8Array(32).fill(7)), 330n],
  ['witness version 16, 30 bytes', bytes(0x60, 30, new Uint8Array(30).fill(7)), 324n],
  ['witness version 1, 20 bytes', bytes(0x51, 20, new Uint8Array(20).fill(7)), 294n],
];

const dustCases = kinds.flatMap(([name, script, limit]): ChainCase[] => [
  oneCase(`${name} output at its dust limit of ${limit}`, allowed, (scene) =>
    paying(scene, { script, value: limit }),
  ),
  oneCase(`${name} output one below its dust limit`, refused('dust-nonanchor'), (scene) =>
    paying(scene, { script, value: limit - 1n }),
  ),
  oneCase(`${name} output of nothing`, refused('dust-nonanchor'), (scene) =>
    paying(scene, { script, value: 0n }),
  ),
]);

const data = (length: number): Uint8Array => {
  const push = length > 75 ? [76, length] : [length];
  return bytes(0x6a, ...push, new Uint8Array(length).fill(0x20));
};
const nonstandard = refused('scriptpubkey');
const burns = [-25, 'Unspendable output exceeds maximum configured by user (maxburnamount)'] as const;

const scriptOutputs: readonly [name: string, script: Uint8Array, expected: Expected][] = [
  ['OP_RETURN alone', bytes(0x6a), allowed],
  ['OP_RETURN with 40 bytes', data(40), allowed],
  ['OP_RETURN with 80 bytes', data(80), allowed],
  ['OP_RETURN with 81 bytes', data(81), nonstandard],
  ['OP_RETURN with a cut-off push', bytes(0x6a, 40, 1, 2), nonstandard],
  ['OP_RETURN with an operation', bytes(0x6a, 0xac), nonstandard],
  ['empty script', bytes(), nonstandard],
  ['OP_TRUE', bytes(0x51), nonstandard],
  ['witness version 0 of 21 bytes', bytes(0, 21, new Uint8Array(21)), nonstandard],
  ['witness version 1 of 41 bytes', bytes(0x51, 41, new Uint8Array(41)), nonstandard],
  ['witness version 1 of 1 byte', bytes(0x51, 1, 7), nonstandard],
  ['P2PKH with a trailing operation', bytes(p2pkh(buyer), 0x61), nonstandard],
  ['a script that ends in the middle of a push', bytes(0x4c, 50, 1), { reason: 'scriptpubkey', send: burns }],
];

const scriptCases = scriptOutputs.map(([name, script, expected]) =>
  oneCase(`output: ${name}`, expected, (scene) =>
    paying(scene, { script, value: script[0] === 0x6a ? 0n : 1_000n }),
  ),
);

export const outputCases: readonly ChainCase[] = [
  ...dustCases,
  ...scriptCases,
  oneCase('two OP_RETURN outputs', refused('multi-op-return'), (scene) =>
    paying(scene, { script: data(10), value: 0n }, { script: data(11), value: 0n }),
  ),
  oneCase('bare 2-of-2 output', refused('bare-multisig'), (scene) =>
    paying(scene, { script: multisig(buyer, seller), value: 10_000n }),
  ),
  oneCase('OP_RETURN alone', refused('bare-datacarrier'), (scene) =>
    signed({ coins: [scene.coin()], outputs: [{ script: data(10), value: 0n }] }),
  ),
  oneCase('OP_RETURN that burns 1,000 sat', { reason: 'allowed', send: burns }, (scene) =>
    paying(scene, { script: data(10), value: 1_000n }),
  ),
];
