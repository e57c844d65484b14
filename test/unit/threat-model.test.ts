import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** docs/threat-model.md names tests and sources: they are there, and no attack is left out. */

const text = readFileSync('docs/threat-model.md', 'utf8');
const named = [...text.matchAll(/`([\w./-]+)`/g)].map(([, name = '']) => name);
const attacks = readdirSync('test/attacks')
  .filter((name) => name.endsWith('.test.ts'))
  .map((name) => name.replace('.test.ts', ''));

test('every attack is in a table', () => {
  expect(attacks.filter((name) => !named.includes(name))).toEqual([]);
});

test('what it names by a path is there', () => {
  const paths = named.filter((name) => name.includes('/') && !name.endsWith('/...'));
  const there = (path: string) => [path, `${path}.test.ts`].some((each) => existsSync(each));
  expect(paths.length).toBeGreaterThan(10);
  expect(paths.filter((path) => !there(path))).toEqual([]);
});

test('a source that it names by its name alone is there, in a folder of the sources', () => {
  const folders = ['shared/channel', 'shared/protocol', 'shared/http', 'client/buyer'];
  const sources = named.filter((name) => /^[\w-]+\.ts$/.test(name));
  expect(sources.filter((name) => !folders.some((folder) => existsSync(join(folder, name))))).toEqual([]);
});

test('the drills that it names are drills', () => {
  const drills = [...text.matchAll(/drills? ((?:`[\w-]+`(?:, )?)+)/g)].flatMap(([, list = '']) =>
    [...list.matchAll(/`([\w-]+)`/g)].map(([, name = '']) => name),
  );
  const known = readdirSync('local/drill/disasters').map((name) => name.replace('.ts', ''));
  expect(drills.length).toBeGreaterThan(3);
  expect(drills.filter((name) => !known.includes(name))).toEqual([]);
});
