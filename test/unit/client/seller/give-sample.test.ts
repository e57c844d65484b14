import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { giveSample, readSample } from '../../../../client/seller/give-sample.ts';
import { MAX_SAMPLE_BYTES } from '../../../../shared/limits.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'spillway-sample-'));
});
afterEach(() => rm(folder, { recursive: true }));

test('a sample lies under its dataset, as bytes that no browser takes for a page', async () => {
  const path = join(folder, 'first_day.html');
  await writeFile(path, '<script>');
  const put: unknown[] = [];
  const pages = { put: async (...args: unknown[]) => void put.push(args) };
  await giveSample(pages, 'ab'.repeat(32), await readSample(path));
  const headers = { type: 'application/octet-stream', cache: 'public, max-age=60' };
  expect(put).toEqual([[`samples/${'ab'.repeat(32)}/first_day.html`, Buffer.from('<script>'), headers]]);
});

test.each(['first day.csv', '.hidden', 'tëst.csv', `${'a'.repeat(101)}`, 'a?b'])(
  'a name that an address cannot hold is refused: %s',
  async (name) => {
    const path = join(folder, name);
    await writeFile(path, 'x');
    await expect(readSample(path)).rejects.toMatchObject({
      code: 'usage',
      message: `The sample's name, ${name}, cannot stand in an address.`,
    });
  },
);

test('what is no file, or a larger one than is given away, is refused', async () => {
  const path = join(folder, 'large.bin');
  await writeFile(path, '');
  await truncate(path, MAX_SAMPLE_BYTES);
  expect((await readSample(path)).bytes).toHaveLength(MAX_SAMPLE_BYTES);
  await truncate(path, MAX_SAMPLE_BYTES + 1);
  for (const wrong of [path, join(folder, 'missing.bin')]) {
    await expect(readSample(wrong)).rejects.toMatchObject({
      code: 'usage',
      message: `The sample, ${wrong}, is no file of at most ${MAX_SAMPLE_BYTES} bytes.`,
    });
  }
});
