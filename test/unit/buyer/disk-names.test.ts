import { mkdtemp, readdir, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { filesWritten, refuseNamesTheDiskRefuses } from '../../../client/buyer/disk-names.ts';
import { buy } from '../../../client/buyer/purchase.ts';
import { selectFiles } from '../../../client/buyer/selection.ts';
import { manifestBytes } from '../../../shared/dataset/manifest.ts';
import { buyerWorld, describeData, patternBytes } from '../../support/buyer-world.ts';

const MIB = 1024 * 1024;
/** Below what a manifest may have, and with the folder around it above what Linux takes. */
const DEEP = `${'d'.repeat(250)}/`.repeat(15);
const LONG_NAME = 'n'.repeat(300);

let output: string;
beforeEach(async () => {
  output = await realpath(await mkdtemp(join(tmpdir(), 'names-')));
});
afterEach(() => rm(output, { recursive: true, force: true }));

const check = (...paths: string[]) =>
  refuseNamesTheDiskRefuses(
    output,
    '.spillway-partial-0123456789ab',
    paths.map((path) => ({ path, size: 1 })),
  );

test('names that the disk takes leave nothing behind, also where a file has one of them', async () => {
  await writeFile(join(output, 'a'), 'mine');
  await check('a', 'b/größe', 'b/名前', 'c'.repeat(255));
  expect(await readdir(output)).toEqual(['a']);
});

test.each([
  ['a file', `a/${LONG_NAME}`],
  ['a folder', `${LONG_NAME}/a`],
])('the name of %s that is too long for the disk is told, and nothing is left', async (_, path) => {
  await expect(check('a/short', path, 'a/z')).rejects.toMatchObject({
    code: 'disk',
    message: `${output} is on a disk that cannot hold "${LONG_NAME}".`,
  });
  expect(await readdir(output)).toEqual([]);
});

test('a name is tried for one character that no earlier one has, and a longer one for its length', async () => {
  // The one character that every system refuses stands for those that a disk cannot encode.
  await expect(check('abc', 'ab/\0')).rejects.toThrow('null bytes');
  await expect(check('abc', `ab${'c'.repeat(254)}`)).rejects.toMatchObject({ code: 'disk' });
});

test('what is written for some files is what lies in their chunks, and empty ones that are wanted', () => {
  const files = [
    { path: 'one', size: 3 * MIB },
    { path: 'two', size: 4 * MIB },
    { path: 'empty', size: 0 },
    { path: 'three', size: 7 * MIB },
  ];
  const manifest = describeData(patternBytes(14 * MIB), files, 5 * MIB);
  const written = (...only: string[]) =>
    filesWritten(manifest, selectFiles(manifest, only)).map(({ path }) => path);
  expect(written('one')).toEqual(['one', 'two']);
  expect(written('three', 'empty')).toEqual(['two', 'empty', 'three']);
});

test('a dataset that the disk cannot hold is refused before any money is bound', async () => {
  const data = patternBytes(6 * MIB);
  const files = [
    { path: 'a', size: 5 * MIB },
    { path: `${DEEP}end`, size: MIB },
  ];
  const manifest = describeData(data, files, 5 * MIB);
  const world = await buyerWorld({ data, manifest, manifestBytes: manifestBytes(manifest) });
  try {
    await world.deposit(50_000n);
    const { shop, buyer } = world;
    const deep = join(world.output, 'o'.repeat(200), 'o'.repeat(200));
    const request = { shopUrl: shop.url, dataset: 'numbers', output: deep, wait: { deposit: false } };
    await expect(buy(buyer, request)).rejects.toMatchObject({
      code: 'disk',
      message: expect.stringContaining(`cannot hold "${DEEP}end"`),
      next: expect.stringContaining('Nothing is paid for it.'),
    });
    expect([shop.channels.size, world.chain.broadcasts]).toEqual([0, []]);
  } finally {
    await world.end();
  }
});
