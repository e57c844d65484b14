import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { logToFile } from '../../../local/log-file.ts';
import { eventually } from '../../support/eventually.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'log-file-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test('what is logged is in the file, a line each and in its order, whatever turn it came in; its owner alone reads it', async () => {
  const path = join(folder, 'logs', 'shop.log');
  const { log, info, warn } = console;
  const environment = { ...process.env };
  try {
    logToFile(path);
    console.log('one');
    console.info({ two: 2 });
    await nextTurn();
    console.warn('three\n  of two lines');
  } finally {
    Object.assign(console, { log, info, warn });
    process.env = environment;
  }
  const lines = await eventually('three lines', async () => {
    const text = await readFile(path, 'utf8').catch(() => '');
    return text.split('\n').length > 3 ? text.split('\n') : undefined;
  });
  expect(lines.map((line) => line.replace(/^\d{4}-\d\d-\d\dT\S+Z /, ''))).toEqual([
    'one',
    '{"two":2}',
    'three of two lines',
    '',
  ]);
  expect((await stat(path)).mode & 0o777).toBe(0o600);
});
