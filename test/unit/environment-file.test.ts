import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  environmentFile,
  formatEnvironment,
  parseEnvironment,
  readEnvironmentFile,
} from '../../shared/environment-file.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'spillway-shop-'));
});
afterEach(() => rm(folder, { recursive: true }));

test('what a shop writes is what is read', async () => {
  const variables = {
    SPILLWAY_TABLE: 'spillway',
    AWS_ENDPOINT_URL_S3: 'http://127.0.0.1:1?a=b',
    SPILLWAY_POLICY: '',
  };
  await writeFile(join(folder, 'shop.env'), `# a shop\n\n${formatEnvironment(variables)}`, { mode: 0o600 });
  expect(await readEnvironmentFile(environmentFile(folder))).toEqual(variables);
});

test('a file that others may read is refused', async () => {
  await writeFile(join(folder, 'shop.env'), 'A=b\n');
  await chmod(join(folder, 'shop.env'), 0o640);
  await expect(readEnvironmentFile(environmentFile(folder))).rejects.toThrow(
    "holds the seller's key and may be read by others",
  );
});

test('a folder that is no shop is refused', async () => {
  await expect(readEnvironmentFile(environmentFile(folder))).rejects.toThrow('shop.env is not there');
});

test('a line of another form is named, not shown', () => {
  expect(() => parseEnvironment('A=b\nsecret words\n', 'shop.env')).toThrow(
    'shop.env: line 2 is not KEY=VALUE',
  );
});

test('what would not come back is not written', () => {
  expect(() => formatEnvironment({ A: 'two\nlines' })).toThrow('A does not fit on a line');
  expect(() => formatEnvironment({ 'a b': 'c' })).toThrow('a b does not fit on a line');
});
