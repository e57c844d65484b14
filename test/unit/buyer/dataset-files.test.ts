import {
  type FileHandle,
  mkdir,
  mkdtemp,
  open,
  readdir,
  readFile,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { datasetFiles, refuseOverwriting } from '../../../client/buyer/dataset-files.ts';

/** More folders than are named at once, with more files each. */
const files = Array.from({ length: 400 }, (_, index) => ({
  path: `${index % 10}/in/${index}`,
  size: index % 7,
}));

let root: string;
let output: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'files-'));
  output = join(root, 'out');
});
afterEach(() => rm(root, { recursive: true, force: true }));

async function write(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
}

async function arrived() {
  const there = await datasetFiles(output, files, '.partial');
  for (const { path, size } of files) await write(join(output, '.partial', path), 'x'.repeat(size));
  return there;
}

async function named(): Promise<string[]> {
  const found = await readdir(output, { recursive: true, withFileTypes: true });
  return found
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(output.length + 1));
}

test('files of many folders all get their names, and nothing else is left', async () => {
  await (await arrived()).finish();
  expect((await named()).sort()).toEqual(files.map(({ path }) => path).sort());
  for (const { path, size } of files) {
    expect(await readFile(join(output, path), 'utf8')).toBe('x'.repeat(size));
  }
  expect(await readdir(output)).not.toContain('.partial');
});

test('each folder in which something got its name is synced, once', async () => {
  const there = await arrived();
  const probe = await open(root);
  const prototype: Pick<FileHandle, 'sync'> = Object.getPrototypeOf(probe);
  await probe.close();
  const { sync } = prototype;
  const synced: number[] = [];
  prototype.sync = async function (this: FileHandle) {
    synced.push((await this.stat()).ino);
    return sync.call(this);
  };
  await there.finish().finally(() => Object.assign(prototype, { sync }));
  const folders = Array.from({ length: 10 }, (_, index) => [`${index}`, `${index}/in`]).flat();
  const inodes = await Promise.all(folders.map(async (path) => (await stat(join(output, path))).ino));
  const outer = (await stat(output)).ino;
  expect(synced).toContain(outer);
  expect(synced.filter((inode) => inode !== outer).sort()).toEqual(inodes.sort());
});

test('one that came in the meantime stays as it is; out of the way, the rest get their names too', async () => {
  const there = await arrived();
  await write(join(output, '9/in/399'), 'mine');
  await expect(there.finish()).rejects.toMatchObject({
    code: 'usage',
    message: '9/in/399 is there already.',
  });
  expect(await readFile(join(output, '9/in/399'), 'utf8')).toBe('mine');
  await rm(join(output, '9/in/399'));
  await there.finish();
  expect((await named()).length).toBe(files.length);
});

test('one that is lost is told, and no empty one stands in for it', async () => {
  const there = await arrived();
  await rm(join(output, '.partial/4/in/4'));
  await expect(there.finish()).rejects.toMatchObject({
    code: 'disk',
    message: '4/in/4 disappeared before it got its name.',
  });
  expect(await named()).not.toContain('4/in/4');
});

test('a file of the dataset in the folder is found wherever it is; other files are none of its business', async () => {
  await write(join(output, '3/in/other'), 'mine');
  await refuseOverwriting(output, files);
  await write(join(output, '3/in/13'), 'mine');
  await expect(refuseOverwriting(output, files)).rejects.toMatchObject({
    code: 'usage',
    message: '3/in/13 is there already.',
  });
});
