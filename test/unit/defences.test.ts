import { readdirSync, readFileSync } from 'node:fs';
import { changesOf, timesIn } from '../attacks/defences/defence.ts';
import { DEFENCES } from '../attacks/defences.ts';

/** The list that `npm run defences` works through is of the sources, the tests and the threat model as they are. */

const read = (path: string) => readFileSync(path, 'utf8');
const suites = readdirSync('test/attacks')
  .filter((name) => name.endsWith('.test.ts'))
  .map((name) => name.replace('.test.ts', ''));

/** `attack: suite` of every row that has its test in test/attacks. */
function defendedRows(): string[] {
  const sections = read('docs/threat-model.md').split('\n## ');
  return sections.flatMap((section) => {
    const [title = ''] = section.split('\n');
    if (!/^(A buyer|A stranger|A seller)/.test(title)) return [];
    // The third table names its suite in the head of the column, and others in the rows that are not of it.
    const [, common = ''] = /test: `([\w-]+)`/.exec(section) ?? [];
    const rows = [...section.matchAll(/^\| (.+?) \|.*\| ([^|]*) \|$/gm)];
    return rows.flatMap(([, attack, tests = '']) => {
      if (attack === 'attack') return [];
      const named = [...tests.matchAll(/`([\w/-]+)`/g)].map(([, name = '']) => name);
      const own = named.length === 0 ? [common] : named;
      return own.filter((name) => suites.includes(name)).map((suite) => `${attack}: ${suite}`);
    });
  });
}

test('every text that is taken away is in its file, once', () => {
  const changes = DEFENCES.flatMap(changesOf);
  expect(changes.filter((change) => timesIn(read(change.file), change) !== 1)).toEqual([]);
});

test('every test that must fail is in its suite', () => {
  const missing = DEFENCES.filter(({ suite, test }) => !read(`test/attacks/${suite}.test.ts`).includes(test));
  expect(missing).toEqual([]);
});

test('every row of the threat model has a defence in the list, in each of its suites, and no other has', () => {
  const rows = new Set(defendedRows());
  expect(rows.size).toBeGreaterThan(40);
  expect(new Set(DEFENCES.map(({ attack, suite }) => `${attack}: ${suite}`))).toEqual(rows);
});
