import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { datasetFiles } from '../../../../client/buyer/dataset-files.ts';
import { downloadChunk } from '../../../../client/buyer/download.ts';
import { nodeTransfers } from '../../../../client/buyer/transfer/node-transfers.ts';
import { describeData, patternBytes } from '../../../support/buyer-world.ts';
import { type ForwardProxy, startForwardProxy } from '../../../support/forward-proxy.ts';

const data = patternBytes(400_000);
const manifest = describeData(data, [{ path: 'x', size: data.length }], data.length, 100_000);

let folder: string;
let proxy: ForwardProxy;
let server: Server;
let url: string;
/** Whatever a server is told of a proxy is too much. */
let told: string[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'proxy-'));
  proxy = await startForwardProxy();
  told = [];
  server = createServer(({ url: target, headers }, response) => {
    told.push(...Object.keys(headers).filter((name) => name.startsWith('proxy')));
    expect(target).toBe('/object?signature=abc');
    const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(headers.range ?? '') ?? [];
    if (from === undefined) return void response.end(data);
    const bytes = data.subarray(Number(from), Number(to) + 1);
    const range = `bytes ${from}-${to}/${data.length}`;
    response.writeHead(206, { 'content-length': bytes.length, 'content-range': range }).end(bytes);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/object?signature=abc`;
});
afterEach(async () => {
  await proxy.stop();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await rm(folder, { recursive: true, force: true });
});

async function download(environment: Record<string, string>): Promise<Buffer> {
  const pool = nodeTransfers({ connections: 2, environment });
  const files = await datasetFiles(join(folder, 'out'), manifest.files, '.partial');
  const retry = { retries: 0, firstDelay: 1 };
  try {
    await downloadChunk({ manifest, files, pool, chunk: 0, begun: false, link: async () => url, retry });
  } finally {
    await pool.close();
  }
  await files.finish();
  return readFile(join(folder, 'out/x'));
}

test('a plain request goes through it in the absolute form', async () => {
  expect((await download({ HTTP_PROXY: proxy.url })).equals(data)).toBe(true);
  expect(proxy.requests).toEqual(Array.from({ length: 4 }, () => `GET ${url}`));
});

test('with a name and a password, which the server does not see', async () => {
  proxy.credentials = `Basic ${Buffer.from('me:secret').toString('base64')}`;
  const named = proxy.url.replace('//', '//me:secret@');
  expect((await download({ http_proxy: named })).equals(data)).toBe(true);
  expect(told).toEqual([]);
});

test('one that does not know us ends it', async () => {
  proxy.credentials = 'Basic x';
  await expect(download({ http_proxy: proxy.url })).rejects.toMatchObject({
    message: 'The object store is behind a proxy that wants a name and a password.',
  });
});

test('it is passed by where NO_PROXY says so', async () => {
  expect((await download({ HTTP_PROXY: proxy.url, NO_PROXY: '127.0.0.1' })).equals(data)).toBe(true);
  expect(proxy.requests).toEqual([]);
});

test('one that strips Range is noticed', async () => {
  proxy.stripsRange = true;
  await expect(download({ HTTP_PROXY: proxy.url })).rejects.toMatchObject({
    code: 'bad-data',
    message: 'The object store answers with the whole object for a range of it.',
    next: 'No more is paid until the data come. If a proxy is in the way, try without it.',
  });
});

test('one that is not there is said', async () => {
  await proxy.stop();
  const gone = download({ HTTP_PROXY: proxy.url });
  proxy = await startForwardProxy();
  await expect(gone).rejects.toMatchObject({
    code: 'shop-unreachable',
    message: expect.stringContaining(
      'The object store is behind a proxy that cannot be reached: connect ECONNREFUSED',
    ),
  });
});

test('an address that is none is said before anything is fetched', async () => {
  await expect(download({ HTTP_PROXY: 'socks5://x' })).rejects.toMatchObject({ code: 'usage' });
});
