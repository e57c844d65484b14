import {
  link as linkFile,
  mkdir,
  mkdtemp,
  open,
  readdir,
  readFile,
  rename,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises';
import {
  createServer,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DatasetFiles, datasetFiles } from '../../../client/buyer/dataset-files.ts';
import { type ChunkDownload, downloadChunk } from '../../../client/buyer/download.ts';
import { heldFolders, isOpenAt } from '../../../client/buyer/safe-paths.ts';
import { nodeTransfers } from '../../../client/buyer/transfer/node-transfers.ts';
import { chunkSpan, type Span } from '../../../shared/dataset/layout.ts';
import { describeData } from '../../support/buyer-world.ts';

const data = Buffer.from(Array.from({ length: 25_500 }, (_, index) => (index * 7 + (index >> 8)) & 0xff));
const FILES = [
  { path: 'one.bin', size: 4_500 },
  { path: 'empty', size: 0 },
  { path: 'deep/er/two.bin', size: 300 },
  { path: 'deep/three.bin', size: 20_700 },
];
/** Three chunks of at most ten segments of a thousand bytes. */
const manifest = describeData(data, FILES, 10_000, 1_000);

let folder: string;
let server: Server;
let url: string;
let ranges: string[];
let chunksAsked: number[];
/** Answers instead of the object, where it returns true. */
let instead: (request: IncomingMessage, response: ServerResponse) => boolean;
const pool = nodeTransfers({ connections: 4, stallTimeout: 200, environment: {} });
const single = nodeTransfers({ connections: 1, stallTimeout: 200, environment: {} });

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'download-'));
  ranges = [];
  chunksAsked = [];
  instead = () => false;
  server = createServer((request, response) => {
    ranges.push(request.headers.range ?? '');
    const chunk = Number((request.url ?? '').slice(1, 2));
    chunksAsked.push(chunk);
    if (instead(request, response)) return;
    const { start, length } = chunkSpan(manifest, chunk);
    const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? [];
    const bytes = data.subarray(start + Number(from), start + Number(to) + 1);
    respond(response, 206, { 'content-range': `bytes ${from}-${to}/${length}` }, bytes);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await rm(folder, { recursive: true, force: true });
});
afterAll(() => Promise.all([pool.close(), single.close()]));

const output = () => join(folder, 'out');
const openFiles = () => datasetFiles(output(), FILES, '.partial');

function download(files: DatasetFiles, chunk: number, change: Partial<ChunkDownload> = {}): Promise<void> {
  return downloadChunk({
    manifest,
    files,
    pool,
    chunk,
    begun: false,
    link: async () => `${url}/${chunk}`,
    retry: { retries: 3, firstDelay: 1 },
    ...change,
  });
}

/** As S3 does, with a length. */
function respond(response: ServerResponse, status: number, headers: OutgoingHttpHeaders, body: Uint8Array) {
  response.writeHead(status, { 'content-length': body.length, ...headers }).end(body);
}

async function whole(files: DatasetFiles): Promise<Buffer> {
  await files.finish();
  return Buffer.concat(await Promise.all(FILES.map(({ path }) => readFile(join(output(), path)))));
}

describe('a download', () => {
  test('puts every segment where it belongs and names the files when they are whole', async () => {
    const files = await openFiles();
    for (const chunk of [2, 0, 1]) await download(files, chunk);
    expect(await readdir(output())).toEqual(['.partial']);
    expect((await whole(files)).equals(data)).toBe(true);
    expect((await readdir(output())).sort()).toEqual(['deep', 'empty', 'one.bin']);
    expect(ranges).toHaveLength(26);
  });

  test('runs for several chunks at once, the earlier ones first', async () => {
    const files = await openFiles();
    await Promise.all([2, 1, 0].map((chunk) => download(files, chunk, { pool: single })));
    // Chunk 2 found the connection idle; from then on whatever comes first in the dataset goes first.
    expect(chunksAsked.slice(1)).toEqual([...Array(10).fill(0), ...Array(10).fill(1), ...Array(5).fill(2)]);
    expect((await whole(files)).equals(data)).toBe(true);
  });

  test('ends only when every segment is on the disk for good, found ones too', async () => {
    const files = await openFiles();
    await download(files, 0);
    for (const begun of [false, true]) {
      const spans: Span[] = [];
      const sync = async (some: readonly Span[]) => {
        await new Promise(setImmediate);
        spans.push(...some);
      };
      await download({ ...files, sync }, 0, { begun });
      expect(spans.map(({ start }) => start).sort()).toEqual(
        Array.from({ length: 10 }, (_, segment) => segment * 1_000),
      );
    }
  });

  test('that cannot be synced has not ended', async () => {
    const files = await openFiles();
    const failing = { ...files, sync: () => Promise.reject(new Error('EIO')) };
    await expect(download(failing, 0)).rejects.toThrow('EIO');
  });

  test('goes on with the segments that are missing', async () => {
    const files = await openFiles();
    instead = (request, response) => {
      if (!['bytes=6000-6999', 'bytes=9000-9999'].includes(request.headers.range ?? '')) return false;
      response.writeHead(404).end();
      return true;
    };
    await expect(download(files, 0, { pool: single })).rejects.toMatchObject({ code: 'bad-data' });
    instead = () => false;
    ranges = [];
    let counted = 0;
    await download(await openFiles(), 0, {
      begun: true,
      onBytes: (count) => {
        counted += count;
      },
    });
    expect(ranges.sort()).toEqual([6, 7, 8, 9].map((segment) => `bytes=${segment}000-${segment}999`));
    expect(counted).toBe(10_000);
  });

  test('takes segments that were synced for what they are, and fetches the others', async () => {
    const files = await openFiles();
    await download(files, 0);
    ranges = [];
    let counted = 0;
    const onBytes = (count: number) => {
      counted += count;
    };
    await writeFile(join(output(), '.partial/one.bin'), Buffer.alloc(4_500));
    await download(files, 0, { begun: true, synced: new Set([0, 1, 2]), onBytes });
    expect(ranges.sort()).toEqual(['bytes=3000-3999', 'bytes=4000-4999']);
    expect(counted).toBe(10_000);
  });

  test('hashes what the disk holds instead of trusting that it was there', async () => {
    const files = await openFiles();
    await download(files, 0);
    await writeFile(join(output(), '.partial/one.bin'), Buffer.alloc(4_500));
    ranges = [];
    await download(files, 0, { begun: true });
    expect(ranges).toHaveLength(5);
    for (const chunk of [1, 2]) await download(files, chunk);
    expect((await whole(files)).equals(data)).toBe(true);
  });

  test('fetches a wrong segment once more, and then gives it up with the evidence', async () => {
    let wrong = 1;
    instead = (request, response) => {
      if (request.headers.range !== 'bytes=3000-3999' || wrong === 0) return false;
      wrong -= 1;
      respond(response, 206, { 'content-range': 'bytes 3000-3999/10000' }, Buffer.alloc(1_000));
      return true;
    };
    await download(await openFiles(), 0);
    wrong = 2;
    await rm(output(), { recursive: true });
    await expect(download(await openFiles(), 0)).rejects.toMatchObject({
      code: 'bad-data',
      evidence: { chunk: 0, segment: 3, expected: manifest.chunks[0]?.segments[3] },
    });
  });

  test('asks once for a new link when all connections find the old one ended', async () => {
    const links: boolean[] = [];
    instead = (request, response) => {
      if (!request.url?.endsWith('old')) return false;
      response.writeHead(403).end();
      return true;
    };
    await download(await openFiles(), 0, {
      link: async (renew) => {
        links.push(renew);
        return renew ? `${url}/0?new` : `${url}/0?old`;
      },
    });
    expect(links).toEqual([false, true]);
  });

  test('ends when one link after another is refused', async () => {
    instead = (_, response) => {
      response.writeHead(403).end();
      return true;
    };
    let asked = 0;
    const link = async () => {
      asked += 1;
      return `${url}/0?${asked}`;
    };
    await expect(
      download(await openFiles(), 0, { link, retry: { retries: 9, firstDelay: 1 } }),
    ).rejects.toMatchObject({
      code: 'bad-data',
      message: 'The object store refuses one link after another.',
    });
    expect(asked).toBe(5);
  });

  test('tries again after a broken transfer, a busy server and one that stands still', async () => {
    let trouble = 3;
    instead = ({ headers }, response) => {
      trouble -= 1;
      if (trouble === 2) response.writeHead(503).end();
      if (trouble === 1) {
        const range = `bytes ${headers.range?.slice('bytes='.length)}/10000`;
        response
          .writeHead(206, { 'content-range': range, 'content-length': 1_000 })
          .write('x', () => response.destroy());
      }
      return trouble >= 0;
    };
    const files = await openFiles();
    let counted = 0;
    const onBytes = (count: number) => {
      counted += count;
    };
    for (const chunk of [0, 1, 2]) await download(files, chunk, { pool: single, onBytes });
    expect(counted).toBe(data.length);
    expect((await whole(files)).equals(data)).toBe(true);
  });

  test.each([
    ['a redirect', 302, { location: 'http://127.0.0.1:9/' }, 'redirects to 127.0.0.1:9'],
    ['everything instead of a range', 200, {}, 'answers with the whole object for a range of it'],
    ['another range', 206, { 'content-range': 'bytes 0-998/10000' }, 'answers with bytes 0-998/10000'],
    [
      'an object of another size',
      206,
      { 'content-range': 'bytes 0-999/9999' },
      'answers with bytes 0-999/9999',
    ],
  ])('refuses %s', async (_, status, headers, message) => {
    instead = (__, response) => {
      respond(response, status, headers, data.subarray(0, 1_000));
      return true;
    };
    await expect(download(await openFiles(), 0, { pool: single })).rejects.toMatchObject({
      code: 'bad-data',
      message: expect.stringContaining(message),
    });
  });

  test('refuses more bytes than it asked for', async () => {
    instead = (_, response) => {
      respond(response, 206, { 'content-range': 'bytes 0-999/10000' }, data);
      return true;
    };
    await expect(download(await openFiles(), 0, { pool: single })).rejects.toMatchObject({
      message: 'The object store answers with 25500 bytes for 1000.',
    });
  });

  test('takes everything where everything was asked for', async () => {
    const small = describeData(data.subarray(0, 1_000), [{ path: 'x', size: 1_000 }], 1_000, 1_000);
    const files = await datasetFiles(output(), small.files, '.partial');
    instead = (_, response) => {
      respond(response, 200, {}, data.subarray(0, 1_000));
      return true;
    };
    await downloadChunk({
      manifest: small,
      files,
      pool,
      chunk: 0,
      begun: false,
      link: async () => `${url}/0`,
      retry: { retries: 0, firstDelay: 1 },
    });
    await files.finish();
    expect((await readFile(join(output(), 'x'))).equals(data.subarray(0, 1_000))).toBe(true);
  });
});

describe('files', () => {
  test('are not written through a link to a folder', async () => {
    const outside = join(folder, 'outside');
    await mkdir(outside);
    await mkdir(join(output(), '.partial'), { recursive: true });
    await symlink(outside, join(output(), '.partial/deep'));
    await expect(download(await openFiles(), 0)).rejects.toMatchObject({ code: 'disk' });
    expect(await readdir(outside)).toEqual([]);
  });

  test('are not written through a link to a file', async () => {
    const victim = join(folder, 'victim');
    await writeFile(victim, 'mine');
    await mkdir(join(output(), '.partial'), { recursive: true });
    await symlink(victim, join(output(), '.partial/one.bin'));
    await expect(download(await openFiles(), 0)).rejects.toMatchObject({ code: 'disk' });
    expect(await readFile(victim, 'utf8')).toBe('mine');
  });

  test('are not written over what has another name as well', async () => {
    const victim = join(folder, 'victim');
    await writeFile(victim, 'mine');
    await mkdir(join(output(), '.partial'), { recursive: true });
    await linkFile(victim, join(output(), '.partial/one.bin'));
    await expect(download(await openFiles(), 0)).rejects.toMatchObject({ code: 'disk' });
    expect(await readFile(victim, 'utf8')).toBe('mine');
  });

  test('are not written through a link that is put there while they come', async () => {
    const outside = join(folder, 'outside');
    await mkdir(outside);
    const files = await openFiles();
    await download(files, 0);
    await rename(join(output(), '.partial/deep'), join(folder, 'moved'));
    await symlink(outside, join(output(), '.partial/deep'));
    await expect(download(files, 1)).rejects.toMatchObject({ code: 'disk' });
    expect(await readdir(outside)).toEqual([]);
  });

  test.each(['output', 'partial'])('get their names through no link in the folder of %s', async (where) => {
    const outside = join(folder, 'outside');
    await mkdir(outside);
    const files = await openFiles();
    for (const chunk of [0, 1, 2]) await download(files, chunk);
    if (where === 'partial') await rename(join(output(), '.partial/deep'), join(folder, 'moved'));
    await symlink(outside, join(output(), where === 'partial' ? '.partial/deep' : 'deep'));
    await expect(files.finish()).rejects.toMatchObject({ code: 'disk' });
    expect(await readdir(outside)).toEqual([]);
  });

  test('are refused where a folder was exchanged after it was looked at', async () => {
    const [folderPath, outside] = [join(folder, 'a'), join(folder, 'outside')];
    await mkdir(join(outside, 'sub'), { recursive: true });
    await writeFile(join(outside, 'x'), '');
    await symlink(outside, folderPath);
    // What the look at the folders missed, the open file shows.
    const file = await open(join(folderPath, 'x'));
    expect(isOpenAt(file.fd, join(folderPath, 'x'))).toBe(process.platform !== 'linux');
    expect(isOpenAt(file.fd, join(outside, 'x'))).toBe(true);
    await file.close();
    const held = heldFolders();
    await expect(held.entry(folderPath, 'x')).rejects.toMatchObject({ code: 'disk' });
    if (process.platform === 'linux') {
      await expect(held.entry(join(folderPath, 'sub'), 'x')).rejects.toMatchObject({ code: 'disk' });
    }
    await held.close();
  });

  test('do not replace one that came in the meantime', async () => {
    const files = await openFiles();
    for (const chunk of [0, 1, 2]) await download(files, chunk);
    await writeFile(join(output(), 'one.bin'), 'mine');
    await expect(files.finish()).rejects.toMatchObject({ message: 'one.bin is there already.' });
    expect(await readFile(join(output(), 'one.bin'), 'utf8')).toBe('mine');
  });

  test('are told to be missing once they are gone', async () => {
    const files = await openFiles();
    for (const chunk of [0, 1, 2]) await download(files, chunk);
    await files.finish();
    expect(await files.isThere(chunkSpan(manifest, 1))).toBe(true);
    await rm(join(output(), 'deep/three.bin'));
    expect(await files.isThere(chunkSpan(manifest, 1))).toBe(false);
  });
});
