import { join, win32 } from 'node:path';
import fc from 'fast-check';
import { pathProblem, pathsProblem } from '../../../shared/dataset/paths.ts';

describe('paths of a dataset', () => {
  test.each([
    'a',
    'readme.md',
    'data/2025/ε_1.parquet',
    'Über/größe.csv',
    '.hidden/..almost',
    'a/.spillway/b',
    'con1/auxiliary/nul-ish.txt',
    `${'x'.repeat(255)}/y`,
  ])('%s will do', (path) => {
    expect(pathProblem(path)).toBeUndefined();
  });

  test.each([
    ['', 'is empty'],
    ['/etc/passwd', 'is absolute'],
    ['.spillway/x', 'begins with .spillway, where Spillway keeps its own'],
    ['.Spillway-partial/x', 'begins with .spillway, where Spillway keeps its own'],
    ['a//b', 'has an empty component'],
    ['a/', 'has an empty component'],
    ['..', "has a component '..'"],
    ['a/../../b', "has a component '..'"],
    ['./a', "has a component '.'"],
    ['a\\b', 'has one of the characters \\ < > : " | ? *'],
    ['C:/windows', 'has one of the characters \\ < > : " | ? *'],
    ['file:stream', 'has one of the characters \\ < > : " | ? *'],
    ['a\u0000b', 'has a control character'],
    ['a\nb', 'has a control character'],
    ['a\u0085b', 'has a control character'],
    ['u\u0308ber', 'is not in Unicode NFC'],
    ['a\ud800', 'is not valid Unicode'],
    ['a./b', 'has a component that ends in a dot or a space'],
    ['a /b', 'has a component that ends in a dot or a space'],
    ['CON', 'has a component that is a device name on Windows'],
    ['x/aux.c', 'has a component that is a device name on Windows'],
    ['lpt1', 'has a component that is a device name on Windows'],
    ['com\u00b9.txt', 'has a component that is a device name on Windows'],
    ['ü'.repeat(128), 'has a component longer than 255 bytes'],
    [Array(20).fill('x'.repeat(200)).join('/'), 'is longer than 3840 bytes'],
  ])('%j will not', (path, problem) => {
    expect(pathProblem(path)).toBe(problem);
  });

  test.each([
    [['a', 'A'], 'path "A" is there twice, case apart'],
    [['straße', 'STRASSE'], 'path "STRASSE" is there twice, case apart'],
    [['ẞ', 'ß'], 'path "ß" is there twice, case apart'],
    [['x/Éa', 'X/éA'], 'path "X/éA" is there twice, case apart'],
    [['a', 'a/b'], 'path "a/b" needs a folder where there is a file'],
    [['A/b/c', 'a'], 'path "A/b/c" needs a folder where there is a file'],
    [['a/b/c/d', 'a/b'], 'path "a/b/c/d" needs a folder where there is a file'],
    [['fine', '../not'], 'path "../not" has a component \'..\''],
  ])('%j do not go together', (paths, problem) => {
    expect(pathsProblem(paths)).toBe(problem);
  });

  test('files side by side and below each other go together', () => {
    expect(pathsProblem(['a/b', 'a/c', 'a.b', 'ab', 'a/bc/d'])).toBeUndefined();
  });
});

const CASED = /\p{Changes_When_Casemapped}/u;

describe('of any paths at all', () => {
  const component = fc.oneof(
    fc.string({ unit: 'grapheme', minLength: 1, maxLength: 6 }),
    fc.constantFrom(
      'a',
      'A',
      'ß',
      'ẞ',
      'SS',
      'con',
      'Aux.txt',
      '..',
      '.',
      '',
      ' ',
      'x.',
      'K',
      'ǆ',
      'İ',
      'ſ',
      'a/b',
    ),
  );
  const path = fc.array(component, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/'));

  test('what will do stays below its folder and is one name everywhere', () => {
    fc.assert(
      fc.property(path, (text) => {
        fc.pre(pathProblem(text) === undefined);
        expect(join('/out', text).startsWith('/out/')).toBe(true);
        expect(join('/out', text)).toBe(`/out/${text}`);
        expect(win32.join('C:\\out', text)).toBe(`C:\\out\\${text.replaceAll('/', '\\')}`);
        expect(text.normalize('NFC')).toBe(text);
      }),
    );
  });

  test('no two that go together are one in another case, in whatever order they come', () => {
    fc.assert(
      fc.property(fc.uniqueArray(path, { maxLength: 6 }), (paths) => {
        const problem = pathsProblem(paths);
        expect(pathsProblem([...paths].reverse()) === undefined).toBe(problem === undefined);
        fc.pre(problem === undefined);
        for (const change of [(text: string) => text.toUpperCase(), (text: string) => text.toLowerCase()]) {
          const folded = paths.map((each) => change(each).normalize('NFC'));
          expect(new Set(folded).size).toBe(paths.length);
          for (const [index, other] of folded.entries()) {
            if (other !== paths[index]) expect(pathsProblem([...paths, other])).toBeDefined();
          }
        }
      }),
    );
  });

  test('every letter is one with its other cases', () => {
    const codes = Array.from({ length: 0x20000 }, (_, code) => code);
    const letters = codes.map((code) => String.fromCodePoint(code)).filter((letter) => CASED.test(letter));
    expect(letters.length).toBeGreaterThan(2_000);
    const apart = letters
      .map((letter) => letter.normalize('NFC'))
      .flatMap((letter) =>
        [letter.toLowerCase(), letter.toUpperCase()].map((other) => [letter, other.normalize('NFC')]),
      )
      .filter(([letter, other]) => letter !== other)
      .filter((pair) => pathsProblem(pair) === undefined);
    expect(apart).toEqual([]);
  });
});
