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
