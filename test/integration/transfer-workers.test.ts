import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createServer as createTlsServer } from 'node:tls';
import { datasetFiles } from '../../client/buyer/dataset-files.ts';
import { startWorker } from '../../client/buyer/transfer/start-worker.ts';
import { segmentSpan } from '../../shared/dataset/layout.ts';
import { describeData, patternBytes } from '../support/buyer-world.ts';
import type { DownloadProcessTask } from '../support/download-process.ts';
import { eventually } from '../support/eventually.ts';
import { type ForwardProxy, startForwardProxy } from '../support/forward-proxy.ts';
import { LOOPBACK_CERTIFICATE, LOOPBACK_KEY } from '../support/loopback-certificate.ts';
import { type RangeServer, rangeHead, startRangeServer } from '../support/range-server.ts';

/** OpenSSL's words; Node 24 adds what a person may do. */
const NO_CERTIFICATE = expect.stringMatching(
  /^The object store has no certificate that is valid here: self-signed certificate[.;]/,
);

/** Worker threads as they are built, in a process of their own: what is the process's (certificates, its death) is tested here. */

const SEGMENT = 512 * 1024;
const SIZE = 12 * SEGMENT - 99;
const data = patternBytes(SIZE);
const manifest = describeData(
  data,
  [
    { path: 'a/one', size: 3 * SEGMENT + 7 },
    { path: 'two', size: SIZE - 3 * SEGMENT - 7 },
  ],
  SIZE,
  SEGMENT,
);

const project = resolve(__dirname, '../..');
let build: string;
beforeAll(() => {
  const cache = join(project, 'node_modules/.cache');
  mkdirSync(cache, { recursive: true });
  build = mkdtempSync(join(cache, 'download-'));
  execFileSync(
    join(project, 'node_modules/.bin/esbuild'),
    [
      'test/support/download-process.ts',
      'client/buyer/transfer/segment-worker.ts',
      '--bundle',
      '--platform=node',
      '--format=esm',
      '--packages=external',
      '--out-extension:.js=.mjs',
      '--entry-names=[name]',
      `--outdir=${build}`,
      '--log-level=warning',
    ],
    { cwd: project },
  );
});
afterAll(() => rmSync(build, { recursive: true, force: true }));

let folder: string;
let certificate: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'workers-'));
  certificate = join(folder, 'certificate.pem');
  writeFileSync(certificate, LOOPBACK_CERTIFICATE);
});
const running = new Set<ChildProcess>();
afterEach(() => {
  for (const child of running) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

interface Download {
  readonly process: ChildProcess;
  /** What it said; undefined where it was killed. */
  readonly ended: Promise<unknown>;
}

function start(url: string, environment: Readonly<Record<string, string>> = {}, begun = false): Download {
  const task: DownloadProcessTask = {
    manifest,
    folder: join(folder, 'out'),
    url,
    begun,
    worker: join(build, 'segment-worker.mjs'),
  };
  const child = spawn(process.execPath, [join(build, 'download-process.mjs'), JSON.stringify(task)], {
    // Node warns of what one of the tests sets.
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { PATH: process.env.PATH ?? '', ...environment },
  });
  running.add(child);
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (part: string) => {
    text += part;
  });
  const ended = new Promise<unknown>((settle) => {
    child.once('close', () => {
      running.delete(child);
      settle(text === '' ? undefined : JSON.parse(text));
    });
  });
  return { process: child, ended };
}

const download = (...task: Parameters<typeof start>) => start(...task).ended;

function bought(): Buffer {
  return Buffer.concat(['a/one', 'two'].map((path) => readFileSync(join(folder, 'out', path))));
}

describe('in the clear', () => {
  let server: RangeServer;
  beforeEach(async () => {
    server = await startRangeServer(data);
  });
  afterEach(() => server.stop());

  test('workers bring the very files', async () => {
    expect(await download(server.url)).toEqual({ bytes: SIZE });
    expect(bought().equals(data)).toBe(true);
    expect(server.requests).toHaveLength(12);
  });

  test('what a worker throws arrives as what it is', async () => {
    mkdirSync(join(folder, 'out/.partial'), { recursive: true });
    writeFileSync(join(folder, 'out/.partial/a'), 'in the way');
    expect(await download(server.url)).toMatchObject({
      code: 'disk',
      message: `${join(folder, 'out/.partial/a')} leads through a link: nothing is written there.`,
    });
  });

  test('a worker tells what has come while the rest is to come', async () => {
    let sendRest: (() => void) | undefined;
    server.instead = (request, socket) => {
      socket.write(rangeHead(request, SIZE), 'latin1');
      socket.write(data.subarray(0, SEGMENT / 2));
      sendRest = () => void socket.write(data.subarray(SEGMENT / 2, SEGMENT));
      return true;
    };
    const files = await datasetFiles(join(folder, 'out'), manifest.files, '.partial');
    const place = files.place(segmentSpan(manifest, 0, 0));
    const options = { environment: {}, stallTimeout: 20_000 };
    const worker = startWorker(new URL(`file://${join(build, 'segment-worker.mjs')}`), options);
    try {
      const wanted = { url: server.url, objectSize: SIZE, start: 0, length: SEGMENT, held: 0, place };
      let told = 0;
      const outcome = worker.fetch(
        { ...wanted, newConnection: false },
        new AbortController().signal,
        (count) => {
          told += count;
        },
      );
      await eventually('a count', async () => (told > 0 ? true : undefined));
      expect(told).toBeLessThanOrEqual(SEGMENT / 2);
      sendRest?.();
      expect(await outcome).toEqual({ kind: 'received', hash: manifest.chunks[0]?.segments[0] });
    } finally {
      await worker.close();
    }
  });

  test('after SIGKILL what is on the disk is not fetched again: neither whole segments nor the first half of others', async () => {
    /** All but nothing of it is to be on the disk, though no more comes. */
    const half = 384 * 1024;
    const held: number[] = [];
    server.instead = (request, socket) => {
      if (request.from < 6 * SEGMENT) return false;
      socket.write(rangeHead(request, SIZE), 'latin1');
      socket.write(data.subarray(request.from, request.from + half));
      held.push(request.from);
      return true;
    };
    const killed = start(server.url);
    await new Promise<void>((settle) => {
      const look = setInterval(() => {
        // Four connections wait for the other half of their segment.
        if (held.length < 4) return;
        clearInterval(look);
        settle();
      }, 20);
    });
    await writtenAt([6 * SEGMENT - WRITTEN, ...held]);
    killed.process.kill('SIGKILL');
    expect(await killed.ended).toBeUndefined();

    server.instead = () => false;
    server.requests.splice(0);
    expect(await download(server.url, {}, true)).toEqual({ bytes: SIZE });
    expect(bought().equals(data)).toBe(true);
    const fetched = server.requests.reduce((sum, { from, to }) => sum + to + 1 - from, 0);
    expect(fetched).toBeLessThanOrEqual(SIZE - 6 * SEGMENT - 4 * WRITTEN);
    expect(Math.min(...server.requests.map(({ from }) => from))).toBeGreaterThanOrEqual(6 * SEGMENT);
  });

  const WRITTEN = 200 * 1024;

  /** Until so much is on the disk at each of these places of the dataset. */
  async function writtenAt(places: readonly number[]): Promise<void> {
    const before = 3 * SEGMENT + 7;
    for (;;) {
      const found = readFileSync(join(folder, 'out/.partial/two'));
      const isThere = (place: number) =>
        found
          .subarray(place - before, place - before + WRITTEN)
          .equals(data.subarray(place, place + WRITTEN));
      if (places.every(isThere)) return;
      await new Promise((settle) => setTimeout(settle, 20));
    }
  }
});

describe('over TLS', () => {
  let server: RangeServer;
  let url: string;
  beforeEach(async () => {
    server = await startRangeServer(data, (accept) =>
      createTlsServer({ key: LOOPBACK_KEY, cert: LOOPBACK_CERTIFICATE }, accept),
    );
    url = `https://localhost:${server.port}/object`;
  });
  afterEach(() => server.stop());
  const trusting = () => ({ NODE_EXTRA_CA_CERTS: certificate });

  test('workers bring the very files from a server that NODE_EXTRA_CA_CERTS vouches for', async () => {
    expect(await download(url, trusting())).toEqual({ bytes: SIZE });
    expect(bought().equals(data)).toBe(true);
  });

  test('nothing is asked of a server that nobody vouches for, whatever the environment says', async () => {
    expect(await download(url, { NODE_TLS_REJECT_UNAUTHORIZED: '0' })).toEqual({
      code: 'bad-data',
      message: NO_CERTIFICATE,
    });
    expect(server.requests).toEqual([]);
  });

  test('nor of one with another name', async () => {
    expect(await download(url.replace('localhost', '127.0.0.1'), trusting())).toMatchObject({
      code: 'bad-data',
      message: expect.stringContaining('has no certificate that is valid here: Hostname/IP does not match'),
    });
    expect(server.requests).toEqual([]);
  });

  describe('through a proxy', () => {
    let proxy: ForwardProxy;
    beforeEach(async () => {
      proxy = await startForwardProxy();
    });
    afterEach(() => proxy.stop());
    const proxied = (address = proxy.url) => ({ ...trusting(), HTTPS_PROXY: address });

    test('in tunnels, of which the proxy sees the name alone', async () => {
      expect(await download(url, proxied())).toEqual({ bytes: SIZE });
      expect(bought().equals(data)).toBe(true);
      expect([...new Set(proxy.requests)]).toEqual([`CONNECT localhost:${server.port}`]);
      expect(server.requests[0]?.target).toBe('/object');
    });

    test('the certificate that counts is that of the server', async () => {
      expect(await download(url, { HTTPS_PROXY: proxy.url })).toMatchObject({
        message: NO_CERTIFICATE,
      });
    });

    test('that wants to know who asks', async () => {
      proxy.credentials = `Basic ${Buffer.from('me:secret').toString('base64')}`;
      expect(await download(url, proxied())).toMatchObject({
        message: 'The object store is behind a proxy that wants a name and a password.',
      });
      expect(await download(url, proxied(proxy.url.replace('//', '//me:secret@')))).toEqual({ bytes: SIZE });
    });

    test.each([
      ['HTTP/1.1 403 No\r\n\r\n', 'bad-data', 'is behind a proxy that answers with status 403'],
      ['HTTP/1.1 502 Bad\r\n\r\n', 'shop-unreachable', 'is behind a proxy that answers with status 502'],
      ['HTTP/1.1 200 OK\r\n\r\nhello', 'bad-data', 'is behind a proxy that speaks unasked'],
      [`HTTP/1.1 200 ${'x'.repeat(20_000)}`, 'bad-data', 'is behind a proxy that sends too long a header'],
      ['hello\r\n\r\n', 'bad-data', 'does not speak HTTP/1.1'],
    ])('that answers %j', async (answer, code, reason) => {
      proxy.tunnelAnswer = answer;
      expect(await download(url, proxied())).toEqual({ code, message: `The object store ${reason}.` });
      expect(server.requests).toEqual([]);
    });
  });
});
