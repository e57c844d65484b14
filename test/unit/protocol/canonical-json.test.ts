import { utf8ToBytes } from '@noble/hashes/utils.js';
import fc from 'fast-check';
import type { JsonValue } from '../../../shared/errors.ts';
import { canonicalBytes, parseCanonical } from '../../../shared/protocol/canonical-json.ts';
import { SEEDED } from './support.ts';

const text = (value: JsonValue) => new TextDecoder().decode(canonicalBytes(value));

describe('canonicalBytes', () => {
  test('sorts keys by UTF-16 units, writes numbers and strings as RFC 8785 says', () => {
    // The example of RFC 8785 section 3.2.3: the order is by UTF-16 units, so the emoji precedes U+FB33.
    const value = { '\u20ac': 1, '\r': 2, '\ufb33': 3, '1': 4, '\u{1f600}': 5, '\u0080': 6, '\u00f6': 7 };
    expect(text(value)).toBe('{"\\r":2,"1":4,"\u0080":6,"\u00f6":7,"\u20ac":1,"\u{1f600}":5,"\ufb33":3}');
    expect(text({ numbers: [333333333.3333333, 1e30, 4.5, 2e-3, 1e-27, -0] })).toBe(
      '{"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27,0]}',
    );
    expect(text('€$\u000f\nA\'B"\\/')).toBe('"€$\\u000f\\nA\'B\\"\\\\/"');
  });

  test('refuses what JSON has no form for, rather than write nothing', () => {
    const nothing = undefined as unknown as JsonValue;
    expect(() => canonicalBytes(nothing)).toThrow(new TypeError('not representable as canonical JSON'));
  });
});

describe('parseCanonical', () => {
  test('reads back what canonicalBytes wrote', () => {
    fc.assert(
      fc.property(fc.jsonValue({ stringUnit: 'grapheme' }), (value) => {
        const canonical = canonicalBytes(value as JsonValue);
        const parsed = parseCanonical(canonical) as JsonValue | undefined;
        expect(parsed === undefined ? undefined : canonicalBytes(parsed)).toEqual(canonical);
      }),
      { ...SEEDED, numRuns: 300 },
    );
  });

  test.each([
    ['duplicate keys', '{"a":1,"a":1}'],
    ['duplicate keys with other values', '{"a":1,"a":2}'],
    ['a fraction that is none', '1.0'],
    ['minus zero', '-0'],
    ['an exponent', '1e3'],
    ['a leading zero', '[01]'],
    ['a number past 2^53', '9007199254740993'],
    ['a number that overflows', '1e999'],
    ['white space before', ' {}'],
    ['white space inside', '{"a": 1}'],
    ['a line end after', '{}\n'],
    ['keys out of order', '{"b":1,"a":2}'],
    ['a needless escape', '"\\u0041"'],
    ['an escaped slash', '"\\/"'],
    ['upper-case hex in an escape', '"\\u001F"'],
    ['a lone high surrogate, escaped', '"\\ud800"'],
    ['a lone low surrogate, escaped, in a key', '{"\\udc00":1}'],
    ['a lone surrogate deep inside', '[{"a":["\\ud83d"]}]'],
    ['two values', '1 2'],
    ['no value', ''],
    ['no JSON', 'undefined'],
    ['nesting deeper than the stack', `${'['.repeat(200_000)}${']'.repeat(200_000)}`],
  ])('refuses %s', (_, json) => {
    expect(parseCanonical(utf8ToBytes(json))).toBeUndefined();
  });

  test.each([
    ['a byte order mark', [0xef, 0xbb, 0xbf, 0x7b, 0x7d]],
    ['a continuation byte alone', [0x22, 0x80, 0x22]],
    ['an overlong form', [0x22, 0xc0, 0xaf, 0x22]],
    ['a surrogate in UTF-8', [0x22, 0xed, 0xa0, 0x80, 0x22]],
    ['a cut sequence', [0x22, 0xe2, 0x82, 0x22]],
    ['UTF-16', [0x7b, 0x00, 0x7d, 0x00]],
  ])('refuses %s', (_, bytes) => {
    expect(parseCanonical(Uint8Array.from(bytes))).toBeUndefined();
  });

  test('reads literal astral characters and the longest safe integer', () => {
    expect(parseCanonical(utf8ToBytes('{"k":"😀","n":9007199254740991}'))).toEqual({
      k: '😀',
      n: 2 ** 53 - 1,
    });
  });
});
