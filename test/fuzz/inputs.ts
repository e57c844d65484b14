import { concatBytes, utf8ToBytes } from '@noble/hashes/utils.js';
import fc from 'fast-check';

/** Bytes for a parser: noise, JSON of no form, its own valid inputs with bytes changed, and with one value of their JSON replaced. */
export function inputs(seeds: readonly Uint8Array[]): fc.Arbitrary<Uint8Array> {
  const seed = fc.constantFrom(...seeds);
  return fc.oneof(
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 1_024 }) },
    { weight: 1, arbitrary: fc.json({ maxDepth: 6 }).map(utf8ToBytes) },
    { weight: 4, arbitrary: fc.tuple(seed, fc.array(change, { minLength: 1, maxLength: 5 })).map(applied) },
    { weight: 4, arbitrary: fc.tuple(seed, fc.nat(), nasty).map(replaced) },
  );
}

type Change = (bytes: Uint8Array) => Uint8Array;

/** Where in the bytes, as a fraction of their length. */
const place = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const at = (bytes: Uint8Array, fraction: number) => Math.floor(fraction * bytes.length);

/** What parsers of text have tripped over. */
const TOKENS = [
  ...[
    '"',
    '\\',
    '{',
    '}',
    '[',
    ']',
    ',',
    ':',
    '\n',
    '\r\n',
    '\0',
    ' ',
    '=',
    '#',
    '/',
    '..',
    '%2e',
    '-',
    '0',
    'e9',
  ],
  ...[
    'null',
    'true',
    '{}',
    '[]',
    '""',
    '1e999',
    '-0',
    '9007199254740993',
    '\\ud800',
    '\\u0000',
    '"__proto__":{},',
  ],
  ...[
    '\ufeff',
    '\u202e',
    'e\u0301',
    '\u00df',
    '0x',
    'f'.repeat(64),
    '0'.repeat(130),
    '[['.repeat(500),
    '{"a":'.repeat(500),
  ],
];

const change: fc.Arbitrary<Change> = fc.oneof(
  fc.tuple(place, fc.nat(255)).map(
    ([where, value]): Change =>
      (bytes) => {
        const copy = bytes.slice();
        copy[at(bytes, where)] = value;
        return copy;
      },
  ),
  place.map(
    (where): Change =>
      (bytes) =>
        bytes.slice(0, at(bytes, where)),
  ),
  fc.tuple(place, place).map(
    ([from, to]): Change =>
      (bytes) => {
        const [start = 0, end = 0] = [at(bytes, from), at(bytes, to)].sort((one, other) => one - other);
        return concatBytes(bytes.slice(0, start), bytes.slice(end));
      },
  ),
  fc.tuple(place, place, place).map(
    ([from, to, into]): Change =>
      (bytes) => {
        const piece = bytes.slice(at(bytes, from), at(bytes, to));
        return concatBytes(bytes.slice(0, at(bytes, into)), piece, bytes.slice(at(bytes, into)));
      },
  ),
  fc.tuple(place, fc.constantFrom(...TOKENS)).map(
    ([where, token]): Change =>
      (bytes) => {
        return concatBytes(
          bytes.slice(0, at(bytes, where)),
          utf8ToBytes(token),
          bytes.slice(at(bytes, where)),
        );
      },
  ),
);

/** Bounded, so that changes that double the input do not double it for ever. */
const MAX_BYTES = 64 * 1024;

function applied([seed, changes]: readonly [Uint8Array, readonly Change[]]): Uint8Array {
  return changes.reduce((bytes, each) => each(bytes), seed).slice(0, MAX_BYTES);
}

const nasty: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(null, true, 0, -0, -1, 0.5, 1e21, 2 ** 53, -(2 ** 53), 1e308, 4_294_967_296),
  fc.constantFrom<unknown>(
    '',
    '0',
    '-1',
    '1.0',
    '\ud800',
    '\u0000',
    'constructor',
    '__proto__',
    [],
    {},
    [[]],
    { length: 3 },
  ),
  fc.constantFrom<unknown>(
    'f'.repeat(63),
    '0'.repeat(64),
    'F'.repeat(64),
    'f'.repeat(128),
    '9'.repeat(400),
    'x'.repeat(20_000),
  ),
  fc.constantFrom<unknown>(
    'http://',
    'http://[',
    'javascript:0',
    'https://a:b@c/',
    'http://127.0.0.1:99999/',
    'http://\u0000/',
  ),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.integer(),
  fc.double(),
  fc.jsonValue({ maxDepth: 3 }),
);

/** One line of the seed, which may be its only one; a line that is no JSON becomes the value. */
function replaced([seed, which, value]: readonly [Uint8Array, number, unknown]): Uint8Array {
  const lines = new TextDecoder().decode(seed).split('\n');
  const index = which % lines.length;
  lines[index] = replacedLine(lines[index] ?? '', which, value);
  return utf8ToBytes(lines.join('\n'));
}

function replacedLine(line: string, which: number, value: unknown): string {
  try {
    const root: unknown = JSON.parse(line);
    const places = placesIn(root);
    const [holder, key] = places[which % places.length] ?? [{}, ''];
    holder[key] = value;
    return JSON.stringify(root);
  } catch {
    return JSON.stringify(value);
  }
}

type Place = readonly [holder: Record<string, unknown>, key: string];

function placesIn(value: unknown): Place[] {
  if (typeof value !== 'object' || value === null) return [];
  const holder = value as Record<string, unknown>;
  return Object.keys(holder).flatMap((key): Place[] => [[holder, key], ...placesIn(holder[key])]);
}
