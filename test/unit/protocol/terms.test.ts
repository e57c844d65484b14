import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import fc from 'fast-check';
import type { JsonValue } from '../../../shared/errors.ts';
import { canonicalBytes } from '../../../shared/protocol/canonical-json.ts';
import { sha256 } from '../../../shared/protocol/hashes.ts';
import { NETWORK_NAMES } from '../../../shared/protocol/network.ts';
import {
  channelIdOf,
  encodeTerms,
  parseTerms,
  type Terms,
  termsFromStored,
} from '../../../shared/protocol/terms.ts';
import {
  BUYER_KEY,
  bytesOf,
  CHANGE_SCRIPTS,
  hexText,
  publicKeyOf,
  refusal,
  SEEDED,
  SELLER_KEY,
  secretKey,
  WIRE,
} from './support.ts';

const CANONICAL = new TextDecoder().decode(canonicalBytes(WIRE));
const NOT_CANONICAL = 'malformed-terms: the bytes are not RFC 8785 canonical JSON';

/** What parseTerms says to the terms with some members replaced (undefined: left out). */
function saidTo(members: Readonly<Record<string, JsonValue | undefined>>): string {
  const changed = Object.entries({ ...WIRE, ...members }).filter(([, value]) => value !== undefined);
  return refusal(() => parseTerms(canonicalBytes(Object.fromEntries(changed) as JsonValue)));
}

describe('parseTerms', () => {
  test('reads every field into its type', () => {
    expect(parseTerms(utf8ToBytes(CANONICAL))).toEqual({
      network: 'regtest',
      buyerKey: BUYER_KEY,
      sellerKey: SELLER_KEY,
      manifest: WIRE.manifest,
      first: 0,
      count: 12,
      pricePerChunk: 5_000n,
      credit: 1,
      capacity: 60_000n,
      refundHeight: 1_108,
      changeScript: CHANGE_SCRIPTS.P2WPKH,
      nonce: Uint8Array.from([
        0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff,
      ]),
    });
  });

  test('takes every field at its bounds', () => {
    const at = (members: Readonly<Record<string, JsonValue>>) =>
      parseTerms(canonicalBytes({ ...WIRE, ...members }));
    expect(at({ chunks: [99_999, 1] }).first).toBe(99_999);
    expect(at({ chunks: [0, 100_000] }).count).toBe(100_000);
    expect(at({ refundHeight: 1 }).refundHeight).toBe(1);
    expect(at({ refundHeight: 499_999_999 }).refundHeight).toBe(499_999_999);
    expect(at({ capacity: '2100000000000000' }).capacity).toBe(2_100_000_000_000_000n);
    expect(at({ pricePerChunk: '0' }).pricePerChunk).toBe(0n);
    expect(at({ credit: 0 }).credit).toBe(0);
    for (const script of Object.values(CHANGE_SCRIPTS)) {
      expect(at({ changeScript: bytesToHex(script) }).changeScript).toEqual(script);
    }
    for (const network of NETWORK_NAMES) expect(at({ network }).network).toBe(network);
  });

  test.each([
    ['a duplicate key', CANONICAL.replace('{', '{"buyerKey":"00",')],
    ['a duplicate of the same value', CANONICAL.replace('"credit":1', '"credit":1,"credit":1')],
    ['1.0', CANONICAL.replace('"credit":1', '"credit":1.0')],
    ['-0', CANONICAL.replace('[0,12]', '[-0,12]')],
    ['an exponent', CANONICAL.replace('1108', '1.108e3')],
    ['white space', CANONICAL.replace(':', ': ')],
    ['a line end', `${CANONICAL}\n`],
    ['another key order', JSON.stringify(WIRE)],
    ['a needless escape', CANONICAL.replace('regtest', '\\u0072egtest')],
    ['a lone surrogate', CANONICAL.replace('regtest', '\\ud800')],
    ['a byte order mark', `\ufeff${CANONICAL}`],
    ['nothing', ''],
  ])('refuses bytes that are not canonical: %s', (_, json) => {
    expect(refusal(() => parseTerms(utf8ToBytes(json)))).toBe(NOT_CANONICAL);
  });

  test('refuses bytes that are not UTF-8', () => {
    const bytes = utf8ToBytes(CANONICAL);
    bytes[CANONICAL.indexOf('regtest')] = 0xff;
    expect(refusal(() => parseTerms(bytes))).toBe(NOT_CANONICAL);
  });

  test.each([
    ['null', 'terms: Invalid type: Expected Object but received null'],
    ['"terms"', 'terms: Invalid type: Expected Object but received "terms"'],
    ['[]', 'protocol: Invalid key: Expected "protocol" but received undefined'],
    ['{}', 'protocol: Invalid key: Expected "protocol" but received undefined'],
  ])('refuses %s', (json, detail) => {
    expect(refusal(() => parseTerms(utf8ToBytes(json)))).toBe(`malformed-terms: ${detail}`);
  });

  test.each(Object.keys(WIRE))('refuses terms without %s', (field) => {
    expect(saidTo({ [field]: undefined })).toBe(
      `malformed-terms: ${field}: Invalid key: Expected "${field}" but received undefined`,
    );
  });

  // The last ones name members of every JavaScript object, which careless code takes for known fields.
  test.each(['extra', 'Nonce', '', 'constructor', 'toString', 'toJSON', '__proto__'])(
    'refuses the unknown field "%s"',
    (field) => {
      const value = JSON.parse(CANONICAL.replace('{', `{${JSON.stringify(field)}:1,`)) as JsonValue;
      expect(refusal(() => parseTerms(canonicalBytes(value)))).toBe(
        `malformed-terms: ${field}: Invalid key: Expected never but received "${field}"`,
      );
    },
  );

  const point = (hex: string) => `${hex}${WIRE.buyerKey.slice(2)}`;
  const HEX33 = 'must be 33 bytes in lower-case hex';
  const SATOSHIS = 'must be satoshis as a decimal string';
  const SCRIPT = 'must be a P2WPKH, P2WSH or P2TR script';
  const NETWORKS = '("mainnet" | "testnet4" | "signet" | "regtest")';

  test.each<[string, JsonValue, string]>([
    ['protocol', 'spillway/2', 'protocol: Invalid type: Expected "spillway/1" but received "spillway/2"'],
    ['network', 'testnet3', `network: Invalid type: Expected ${NETWORKS} but received "testnet3"`],
    ['network', 'Mainnet', `network: Invalid type: Expected ${NETWORKS} but received "Mainnet"`],

    ['buyerKey', WIRE.buyerKey.toUpperCase(), `buyerKey: ${HEX33}`],
    ['buyerKey', WIRE.buyerKey.slice(2), `buyerKey: ${HEX33}`],
    ['buyerKey', `${WIRE.buyerKey}\n`, `buyerKey: ${HEX33}`],
    ['buyerKey', `04${'11'.repeat(64)}`, `buyerKey: ${HEX33}`],
    ['buyerKey', point('04'), 'buyerKey: must be a point of the curve'],
    ['buyerKey', point('00'), 'buyerKey: must be a point of the curve'],
    ['buyerKey', '00'.repeat(33), 'buyerKey: must be a point of the curve'],
    // x = 5 is on no point of the curve; the field's prime itself is no coordinate.
    ['buyerKey', `02${'5'.padStart(64, '0')}`, 'buyerKey: must be a point of the curve'],
    ['buyerKey', `02${'f'.repeat(55)}efffffc2f`, 'buyerKey: must be a point of the curve'],
    ['buyerKey', WIRE.sellerKey, 'terms: buyerKey must not be sellerKey'],
    ['buyerKey', 7, 'buyerKey: Invalid type: Expected string but received 7'],
    ['sellerKey', `02${'5'.padStart(64, '0')}`, 'sellerKey: must be a point of the curve'],
    ['sellerKey', WIRE.sellerKey.toUpperCase(), `sellerKey: ${HEX33}`],

    ['manifest', 'AB'.repeat(32), 'manifest: must be 32 bytes in lower-case hex'],
    ['manifest', 'ab'.repeat(31), 'manifest: must be 32 bytes in lower-case hex'],

    ['chunks', [0], 'chunks.1: Invalid type: Expected number but received undefined'],
    ['chunks', [0, 1, 2], 'chunks.2: Invalid type: Expected never but received 2'],
    ['chunks', { first: 0, count: 1 }, 'chunks: Invalid type: Expected Array but received Object'],
    ['chunks', [-1, 1], 'chunks.0: Invalid value: Expected >=0 but received -1'],
    ['chunks', [0.5, 1], 'chunks.0: Invalid integer: Received 0.5'],
    ['chunks', [100_000, 1], 'chunks.0: Invalid value: Expected <=99999 but received 100000'],
    ['chunks', [0, 0], 'chunks.1: Invalid value: Expected >=1 but received 0'],
    ['chunks', [0, 1.5], 'chunks.1: Invalid integer: Received 1.5'],
    ['chunks', [0, 100_001], 'chunks.1: Invalid value: Expected <=100000 but received 100001'],
    ['chunks', ['0', 1], 'chunks.0: Invalid type: Expected number but received "0"'],

    ['pricePerChunk', 5000, 'pricePerChunk: Invalid type: Expected string but received 5000'],
    ['pricePerChunk', '05000', `pricePerChunk: ${SATOSHIS}`],
    ['pricePerChunk', '-1', `pricePerChunk: ${SATOSHIS}`],
    ['pricePerChunk', '+1', `pricePerChunk: ${SATOSHIS}`],
    ['pricePerChunk', '1.5', `pricePerChunk: ${SATOSHIS}`],
    ['pricePerChunk', '1e3', `pricePerChunk: ${SATOSHIS}`],
    ['pricePerChunk', '0x10', `pricePerChunk: ${SATOSHIS}`],
    ['pricePerChunk', ' 1', `pricePerChunk: ${SATOSHIS}`],
    ['pricePerChunk', '1\n', `pricePerChunk: ${SATOSHIS}`],
    ['pricePerChunk', '', `pricePerChunk: ${SATOSHIS}`],
    ['pricePerChunk', '١', `pricePerChunk: ${SATOSHIS}`],
    ['pricePerChunk', '10000000000000000', `pricePerChunk: ${SATOSHIS}`],
    ['pricePerChunk', '2100000000000001', 'pricePerChunk: must be at most 21 million bitcoin'],
    ['capacity', '2100000000000001', 'capacity: must be at most 21 million bitcoin'],
    ['capacity', 60000, 'capacity: Invalid type: Expected string but received 60000'],

    ['credit', 2, 'credit: Invalid type: Expected (0 | 1) but received 2'],
    ['credit', -1, 'credit: Invalid type: Expected (0 | 1) but received -1'],
    ['credit', true, 'credit: Invalid type: Expected (0 | 1) but received true'],
    ['credit', '1', 'credit: Invalid type: Expected (0 | 1) but received "1"'],

    ['refundHeight', 0, 'refundHeight: Invalid value: Expected >=1 but received 0'],
    ['refundHeight', -5, 'refundHeight: Invalid value: Expected >=1 but received -5'],
    ['refundHeight', 1108.5, 'refundHeight: Invalid integer: Received 1108.5'],
    ['refundHeight', 500_000_000, 'refundHeight: must be a block height, not a time'],
    ['refundHeight', '1108', 'refundHeight: Invalid type: Expected number but received "1108"'],

    ['changeScript', `76a914${'11'.repeat(20)}88ac`, `changeScript: ${SCRIPT}`],
    ['changeScript', `a914${'11'.repeat(20)}87`, `changeScript: ${SCRIPT}`],
    ['changeScript', `5220${'11'.repeat(32)}`, `changeScript: ${SCRIPT}`],
    ['changeScript', '51024e73', `changeScript: ${SCRIPT}`],
    ['changeScript', '6a', `changeScript: ${SCRIPT}`],
    ['changeScript', '', `changeScript: ${SCRIPT}`],
    ['changeScript', `0014${'11'.repeat(21)}`, `changeScript: ${SCRIPT}`],
    ['changeScript', `0014${'AA'.repeat(20)}`, `changeScript: ${SCRIPT}`],
    ['changeScript', `00${WIRE.changeScript}`, `changeScript: ${SCRIPT}`],
    ['changeScript', `${WIRE.changeScript}00`, `changeScript: ${SCRIPT}`],

    ['nonce', '00'.repeat(15), 'nonce: must be 16 bytes in lower-case hex'],
    ['nonce', '00'.repeat(17), 'nonce: must be 16 bytes in lower-case hex'],
    ['nonce', null, 'nonce: Invalid type: Expected string but received null'],
  ])('refuses %s %j', (field, value, detail) => {
    expect(saidTo({ [field]: value })).toBe(`malformed-terms: ${detail}`);
  });
});

describe('encodeTerms', () => {
  const pointKey = secretKey().map(publicKeyOf);
  const terms: fc.Arbitrary<Terms> = fc.record({
    network: fc.constantFrom(...NETWORK_NAMES),
    buyerKey: pointKey,
    sellerKey: pointKey,
    manifest: hexText(32),
    first: fc.nat(99_999),
    count: fc.integer({ min: 1, max: 100_000 }),
    pricePerChunk: fc.bigInt(0n, 2_100_000_000_000_000n),
    credit: fc.constantFrom(0 as const, 1 as const),
    capacity: fc.bigInt(0n, 2_100_000_000_000_000n),
    refundHeight: fc.integer({ min: 1, max: 499_999_999 }),
    changeScript: fc.constantFrom(...Object.values(CHANGE_SCRIPTS)),
    nonce: bytesOf(16),
  });

  test('parseTerms and termsFromStored read back what it wrote, and the bytes are the same again', () => {
    fc.assert(
      fc.property(terms, (value) => {
        const bytes = encodeTerms(value);
        const parsed = parseTerms(bytes);
        expect(parsed).toEqual(value);
        expect(termsFromStored(new TextDecoder().decode(bytes))).toEqual(value);
        expect(encodeTerms(parsed)).toEqual(bytes);
      }),
      { ...SEEDED, numRuns: 60 },
    );
  });

  test('no byte can be changed and mean the same terms', () => {
    const original = utf8ToBytes(CANONICAL);
    fc.assert(
      fc.property(fc.nat(original.length - 1), fc.nat(255), (index, byte) => {
        const bytes = Uint8Array.from(original);
        bytes[index] = byte;
        let parsed: Terms | undefined;
        try {
          parsed = parseTerms(bytes);
        } catch {
          return;
        }
        expect(encodeTerms(parsed)).toEqual(bytes);
      }),
      { ...SEEDED, numRuns: 2_000 },
    );
  });
});

describe('channelIdOf', () => {
  test('is BIP340’s tagged hash of the bytes with the tag spillway/terms', () => {
    const tag = sha256(utf8ToBytes('spillway/terms'));
    const bytes = utf8ToBytes(CANONICAL);
    expect(channelIdOf(bytes)).toEqual(sha256(Uint8Array.from([...tag, ...tag, ...bytes])));
  });

  test('differs for terms that differ in the nonce alone', () => {
    const other = utf8ToBytes(CANONICAL.replace('00112233', '00112234'));
    expect(bytesToHex(channelIdOf(other))).not.toBe(bytesToHex(channelIdOf(utf8ToBytes(CANONICAL))));
  });
});
