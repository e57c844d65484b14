import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { checksumLines } from '../../../shared/dataset/checksum-list.ts';
import { pathProblem } from '../../../shared/dataset/paths.ts';

const PATHS = [
  '-',
  '--help',
  ' leading',
  '*star'.replace('*', '＊'),
  '# comment',
  'größe/深い/данные ☔.bin',
  "it's;$HOME",
];

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sums-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test('the lines are what sha256sum checks, whatever the names', async () => {
  const files = [];
  for (const path of PATHS) {
    expect(pathProblem(path)).toBeUndefined();
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), path);
    files.push({ path, sha256: createHash('sha256').update(path).digest('hex') });
  }
  const check = (input: string) =>
    execFileSync('sha256sum', ['--check', '--strict', '--quiet'], { cwd: folder, input, stdio: 'pipe' });
  const lines = [...checksumLines(files)].join('');
  expect(check(lines).toString()).toBe('');
  await writeFile(join(folder, '-'), 'changed');
  expect(() => check(lines)).toThrow('1 computed checksum did NOT match');
});
