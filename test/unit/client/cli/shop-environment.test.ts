import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseShopEnvironment, readShopEnvironment } from '../../../../client/cli/shop-environment.ts';

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
  const lines = Object.entries(variables).map(([name, value]) => `${name}=${value}\n`);
  await writeFile(join(folder, 'shop.env'), ['# a shop\n\n', ...lines].join(''), { mode: 0o600 });
  expect(await readShopEnvironment(folder)).toEqual(variables);
});

test('a file that others may read is refused', async () => {
  await writeFile(join(folder, 'shop.env'), 'A=b\n');
  await chmod(join(folder, 'shop.env'), 0o640);
  await expect(readShopEnvironment(folder)).rejects.toThrow(
    "holds the seller's key and may be read by others",
  );
});

test('a folder that is no shop is refused', async () => {
  await expect(readShopEnvironment(folder)).rejects.toThrow('shop.env is not there');
});

test('a line of another form is named, not shown', () => {
  expect(() => parseShopEnvironment('A=b\nsecret words\n', 'shop.env')).toThrow(
    'shop.env: line 2 is not KEY=VALUE',
  );
});
