import { appendFile, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readSpan } from '../../../../client/seller/read-files.ts';
import { listSourceFiles } from '../../../../client/seller/source-files.ts';
import { fileStarts } from '../../../../shared/dataset/layout.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'spillway-read-'));
  await writeFile(join(folder, 'a'), 'abc');
  await writeFile(join(folder, 'b'), '');
  await writeFile(join(folder, 'c'), 'defgh');
});
afterEach(() => rm(folder, { recursive: true }));

test('a span may go over several files', async () => {
  const files = await listSourceFiles(folder);
  const bytes = new Uint8Array(5);
  await readSpan(files, fileStarts(files), { start: 1, length: 5 }, bytes);
  expect(Buffer.from(bytes).toString()).toBe('bcdef');
});

test.each<[string, (path: string) => Promise<unknown>]>([
  ['longer', (path) => appendFile(path, 'x')],
  ['other bytes', (path) => writeFile(path, 'DEFGH')],
  ['gone', (path) => rm(path)],
  [
    'a link to the very same file',
    async (path) => {
      await rename(path, `${path}.moved`);
      await symlink(`${path}.moved`, path);
    },
  ],
])('a file that is %s by now is not read', async (_, change) => {
  const files = await listSourceFiles(folder);
  await change(join(folder, 'c'));
  await expect(
    readSpan(files, fileStarts(files), { start: 1, length: 5 }, new Uint8Array(5)),
  ).rejects.toThrow(`${join(folder, 'c')} changed while it was published`);
});
