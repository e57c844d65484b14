import { mkdtemp, readFile, rm } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { datasetFiles } from '../../../../client/buyer/dataset-files.ts';
import { type ChunkDownload, downloadChunk } from '../../../../client/buyer/download.ts';
import { nodeTransfers } from '../../../../client/buyer/transfer/node-transfers.ts';
import type { TransferPool } from '../../../../client/buyer/transfer/transfer-pool.ts';
import { describeData, hash } from '../../../support/buyer-world.ts';
import {
  type RangeRequest,
  type RangeServer,
  rangeHead,
  sendRange,
  startRangeServer,
} from '../../../support/range-server.ts';

/** One chunk of ten segments, each too large for one read and with a mark of its own. */
const SEGMENT = 300_000;
const SIZE = 10 * SEGMENT - 17;
const data = Buffer.alloc(SIZE);
for (let at = 0; at + 4 <= SIZE; at += 4) data.writeUInt32LE((at * 2_654_435_761) >>> 0, at);
const manifest = describeData(data, [{ path: 'x', size: SIZE }], SIZE, SEGMENT);

/** Milliseconds, where a test waits for it; elsewhere far more than a busy machine takes. */
const STALL = 150;
const NO_STALL = 20_000;
let folder: string;
let server: RangeServer;
let pool: TransferPool;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'faults-'));
  server = await startRangeServer(data);
  pool = nodeTransfers({ connections: 1, stallTimeout: NO_STALL, environment: {} });
});
afterEach(async () => {
  await pool.close();
  await server.stop();
  await rm(folder, { recursive: true, force: true });
});

async function impatient(): Promise<void> {
  await pool.close();
  pool = nodeTransfers({ connections: 1, stallTimeout: STALL, environment: {} });
}

async function download(change: Partial<ChunkDownload> = {}): Promise<void> {
  const files = await datasetFiles(join(folder, 'out'), manifest.files, '.partial');
  await downloadChunk({
    manifest,
    files,
    pool,
    chunk: 0,
    begun: false,
    link: async () => `${server.url}?versionId=v1&X-Amz-Signature=5ec7e7`,
    retry: { retries: 2, firstDelay: 1 },
    ...change,
  });
  await files.finish();
}

const result = async () => (await readFile(join(folder, 'out', 'x'))).equals(data);

/** Does something else to the first requests for one segment. */
function trouble(
  segment: number,
  times: number,
  fault: (request: RangeRequest, socket: Socket) => void,
): void {
  let left = times;
  server.instead = (request, socket) => {
    if (Math.floor(request.from / SEGMENT) !== segment || left === 0) return false;
    left -= 1;
    fault(request, socket);
    return true;
  };
}

const asked = (segment: number) =>
  server.requests
    .filter(({ from }) => Math.floor(from / SEGMENT) === segment)
    .map(({ from, to }) => [from - segment * SEGMENT, to - segment * SEGMENT]);

/** Sends so many bytes of a right answer. */
function part(request: RangeRequest, socket: Socket, length: number): void {
  socket.write(rangeHead(request, SIZE), 'latin1');
  socket.write(data.subarray(request.from, request.from + length));
}

describe('a transfer that', () => {
  test('ends early goes on where it broke off, on a new connection', async () => {
    trouble(3, 1, (request, socket) => {
      part(request, socket, 100_000);
      socket.end();
    });
    let counted = 0;
    await download({
      onBytes: (count) => {
        counted += count;
      },
    });
    expect(asked(3)).toEqual([
      [0, 299_999],
      [100_000, 299_999],
    ]);
    expect(counted).toBe(SIZE);
    expect(await result()).toBe(true);
  });

  test('is cut off before it begins, on a connection that had waited, is no failure', async () => {
    trouble(3, 1, (_, socket) => void socket.destroy());
    await download({ retry: { retries: 0, firstDelay: 1 } });
    expect(asked(3)).toEqual([
      [0, 299_999],
      [0, 299_999],
    ]);
    expect(await result()).toBe(true);
  });

  test('is reset goes on', async () => {
    trouble(3, 1, (request, socket) => {
      part(request, socket, 100_000);
      setImmediate(() => socket.resetAndDestroy());
    });
    await download();
    expect(await result()).toBe(true);
  });

  test('stands still is given up and goes on', async () => {
    await impatient();
    trouble(3, 1, (request, socket) => part(request, socket, 100_000));
    await download();
    expect(asked(3)).toEqual([
      [0, 299_999],
      [100_000, 299_999],
    ]);
    expect(await result()).toBe(true);
  });

  test('drips is given up as one that stands still', async () => {
    await impatient();
    const drops: NodeJS.Timeout[] = [];
    trouble(3, 1, (request, socket) => {
      part(request, socket, 100_000);
      drops.push(setInterval(() => socket.write('x'), STALL / 10));
    });
    await download();
    for (const drop of drops) clearInterval(drop);
    expect(asked(3)).toHaveLength(3);
    expect(await result()).toBe(true);
  });

  test('is never answered ends with what to do', async () => {
    await impatient();
    trouble(0, 9, () => undefined);
    await expect(download()).rejects.toMatchObject({
      code: 'shop-unreachable',
      message: 'The object store stands still.',
      next: 'Run the same command again later; what is on the disk is kept.',
    });
    expect(asked(0)).toHaveLength(3);
  });

  test('breaks off again and again gets there as long as each series of tries brings something', async () => {
    trouble(3, 9, (request, socket) => {
      part(request, socket, 30_000);
      socket.end();
    });
    await download({ retry: { retries: 2, firstDelay: 1 } });
    expect(asked(3)).toHaveLength(10);
    expect(await result()).toBe(true);
  });
});

describe('bytes that', () => {
  const flipped = (request: RangeRequest) => {
    const bytes = Buffer.from(data);
    bytes[request.from + 1_234] = (bytes[request.from + 1_234] ?? 0) ^ 1;
    return bytes;
  };

  test('differ in one bit come again, all of the segment, by another connection', async () => {
    trouble(3, 1, (request, socket) => sendRange(request, socket, flipped(request)));
    let counted = 0;
    await download({
      onBytes: (count) => {
        counted += count;
      },
    });
    const [first, second] = server.requests.filter(({ from }) => from === 3 * SEGMENT);
    expect(first?.connection).not.toBe(second?.connection);
    expect(counted).toBe(SIZE);
    expect(await result()).toBe(true);
  });

  test('differ twice are given up with what was found, and without what makes the link work', async () => {
    trouble(3, 2, (request, socket) => sendRange(request, socket, flipped(request)));
    const found = hash(flipped({ from: 3 * SEGMENT } as RangeRequest).subarray(3 * SEGMENT, 4 * SEGMENT));
    await expect(download()).rejects.toMatchObject({
      code: 'bad-data',
      message: 'Segment 3 of chunk 0 is not what the manifest says.',
      evidence: {
        chunk: 0,
        segment: 3,
        expected: manifest.chunks[0]?.segments[3],
        found: found.toString('hex'),
        foundBefore: found.toString('hex'),
        host: new URL(server.url).host,
        object: '/object',
        version: 'v1',
      },
    });
  });

  test('are those of another range are noticed', async () => {
    trouble(3, 2, (request, socket) => {
      socket.write(rangeHead(request, SIZE), 'latin1');
      socket.write(data.subarray(0, SEGMENT));
    });
    await expect(download()).rejects.toMatchObject({
      message: 'Segment 3 of chunk 0 is not what the manifest says.',
      evidence: { found: manifest.chunks[0]?.segments[0] },
    });
  });

  test('were broken off and then are wrong come again from the start', async () => {
    let fault = 0;
    trouble(3, 2, (request, socket) => {
      fault += 1;
      if (fault === 2) return sendRange(request, socket, flipped(request));
      part(request, socket, 100_000);
      socket.end();
    });
    await download();
    expect(asked(3)).toEqual([
      [0, 299_999],
      [100_000, 299_999],
      [0, 299_999],
    ]);
    expect(await result()).toBe(true);
  });
});

describe('an answer is refused', () => {
  const OK = `Content-Length: ${SEGMENT}\r\nContent-Range: bytes 0-${SEGMENT - 1}/${SIZE}\r\n`;
  test.each([
    [
      'that redirects',
      'HTTP/1.1 302 Found\r\nLocation: http://elsewhere.example/x?secret\r\n',
      'redirects to elsewhere.example',
    ],
    ['that redirects nowhere', 'HTTP/1.1 307 Temporary Redirect\r\n', 'redirects to another place'],
    [
      'of another range',
      `HTTP/1.1 206 x\r\nContent-Length: ${SEGMENT}\r\nContent-Range: bytes 1-${SEGMENT}/${SIZE}\r\n`,
      `answers with bytes 1-${SEGMENT}/${SIZE} for bytes 0-${SEGMENT - 1}/${SIZE}`,
    ],
    [
      'without a range',
      `HTTP/1.1 206 x\r\nContent-Length: ${SEGMENT}\r\n`,
      `answers with no range for bytes 0-${SEGMENT - 1}/${SIZE}`,
    ],
    [
      'of a wrong length',
      `HTTP/1.1 206 x\r\n${OK.replace(`${SEGMENT}`, '299999')}`,
      'answers with 299999 bytes for 300000',
    ],
    [
      'without a length',
      `HTTP/1.1 206 x\r\n${OK.slice(OK.indexOf('Content-Range'))}`,
      'answers without a length',
    ],
    [
      'with a length that is no number',
      `HTTP/1.1 206 x\r\n${OK.replace(`${SEGMENT}`, '3e5')}`,
      'answers without a length',
    ],
    ['in pieces', `HTTP/1.1 206 x\r\n${OK}Transfer-Encoding: chunked\r\n`, 'answers without a length'],
    [
      'that is packed',
      `HTTP/1.1 206 x\r\n${OK}Content-Encoding: gzip\r\n`,
      'answers with data packed by gzip',
    ],
    ['that is not found', 'HTTP/1.1 404 Not Found\r\n', 'answers with status 404'],
    ['with a malformed header', `HTTP/1.1 206 x\r\n${OK}so what\r\n`, 'sends a malformed header'],
    ['with two lengths', `HTTP/1.1 206 x\r\n${OK}Content-Length: 5\r\n`, 'sends two headers content-length'],
    ['that is none', 'SSH-2.0-OpenSSH_9.2\r\n', 'does not speak HTTP/1.1'],
    ['whose header does not end', `HTTP/1.1 206 x\r\n${'X: y\r\n'.repeat(4_000)}`, 'sends too long a header'],
    [
      'that brings more than was asked for',
      `HTTP/1.1 206 x\r\n${OK}\r\n${'x'.repeat(SEGMENT)}`,
      'sends more bytes than were asked for',
    ],
  ])('%s', async (_, answer, reason) => {
    trouble(0, 1, (__, socket) => void socket.write(`${answer}\r\n`, 'latin1'));
    await expect(download()).rejects.toMatchObject({
      code: 'bad-data',
      message: `The object store ${reason}.`,
      next: expect.stringContaining('No more is paid until the data come.'),
    });
  });

  test('that is the whole object, without reading it', async () => {
    const large = Buffer.alloc(64 * 1024 * 1024);
    trouble(0, 1, (_, socket) => {
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${large.length}\r\n\r\n`, 'latin1');
      socket.write(large);
    });
    await expect(download()).rejects.toMatchObject({
      message: 'The object store answers with the whole object for a range of it.',
    });
    expect(server.sent()).toBeGreaterThan(0);
    await new Promise((resolve) => setImmediate(resolve));
    const delivered = server.sent() - large.length;
    expect(delivered).toBeLessThan(large.length);
  });
});

describe('the whole object', () => {
  const small = describeData(data.subarray(0, 5_000), [{ path: 'x', size: 5_000 }], 5_000, 5_000);
  const whole = (_: RangeRequest, socket: Socket) => {
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n', 'latin1');
    socket.write(data.subarray(0, 5_000));
  };
  beforeEach(() => {
    server.object = data.subarray(0, 5_000);
  });
  const downloadSmall = async () =>
    download({ manifest: small, files: await datasetFiles(join(folder, 'small'), small.files, '.partial') });

  test('is taken where all of it was asked for', async () => {
    trouble(0, 1, whole);
    await downloadSmall().catch(() => undefined);
    expect((await readFile(join(folder, 'small/.partial/x'))).equals(data.subarray(0, 5_000))).toBe(true);
  });

  test('is asked for again where it comes for the rest of it', async () => {
    let first = true;
    server.instead = (request, socket) => {
      if (!first) whole(request, socket);
      if (!first) return true;
      first = false;
      socket.write(rangeHead(request, 5_000), 'latin1');
      socket.write(data.subarray(0, 2_000), () => socket.end());
      return true;
    };
    await downloadSmall().catch(() => undefined);
    expect(server.requests.map(({ from }) => from)).toEqual([0, 2_000, 0]);
    expect((await readFile(join(folder, 'small/.partial/x'))).equals(data.subarray(0, 5_000))).toBe(true);
  });
});

test('an answer may be announced by others before it', async () => {
  trouble(3, 1, (request, socket) => {
    socket.write('HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n', 'latin1');
    sendRange(request, socket, data);
  });
  await download();
  expect(await result()).toBe(true);
});

test('a head may come byte by byte, and the first of the data with its end', async () => {
  trouble(3, 1, (request, socket) => {
    const head = Buffer.from(rangeHead(request, SIZE), 'latin1');
    const all = Buffer.concat([head, data.subarray(request.from, request.to + 1)]);
    const next = (at: number) => {
      if (at >= head.length - 1) return void socket.write(all.subarray(at));
      socket.write(all.subarray(at, at + 1), () => setImmediate(next, at + 1));
    };
    next(0);
  });
  await download();
  expect(await result()).toBe(true);
});

test.each([400, 401, 403])(
  'a link that ends with status %i is renewed, without a try lost',
  async (status) => {
    trouble(3, 1, (_, socket) => void socket.write(`HTTP/1.1 ${status} No\r\nContent-Length: 0\r\n\r\n`));
    const renewals: boolean[] = [];
    const link = async (renew: boolean) => {
      renewals.push(renew);
      return renew ? `${server.url}?new` : `${server.url}?old`;
    };
    await download({ link, retry: { retries: 0, firstDelay: 1 } });
    expect(renewals).toEqual([false, true]);
    expect(server.requests.at(-1)?.target).toBe('/object?new');
    expect(await result()).toBe(true);
  },
);

test('links may end as often as it takes, as long as something comes by each', async () => {
  let link = 0;
  let lastUsed = '';
  server.instead = ({ target }, socket) => {
    if (target !== lastUsed) {
      lastUsed = target;
      return false;
    }
    socket.write('HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n');
    return true;
  };
  await download({ link: async () => `${server.url}?${++link}`, retry: { retries: 0, firstDelay: 1 } });
  expect(link).toBe(10);
  expect(await result()).toBe(true);
});

test.each([429, 503])('an overloaded server (%i) is asked less at the same time', async (status) => {
  await pool.close();
  pool = nodeTransfers({ connections: 8, stallTimeout: NO_STALL, environment: {} });
  let refused = 0;
  let running = 0;
  const most: number[] = [];
  server.instead = (request, socket) => {
    if (refused < 8) {
      refused += 1;
      socket.write(`HTTP/1.1 ${status} Slow Down\r\nContent-Length: 0\r\n\r\n`);
      return true;
    }
    running += 1;
    most.push(running);
    // Long enough for all that may come at the same time to be there.
    setTimeout(() => {
      running -= 1;
      sendRange(request, socket, data);
    }, 50);
    return true;
  };
  await download({ retry: { retries: 3, firstDelay: 1 } });
  expect(Math.max(...most)).toBe(4);
  expect(await result()).toBe(true);
});

test('an overloaded server that stays so ends the purchase for now', async () => {
  server.instead = (_, socket) => {
    socket.write('HTTP/1.1 503 Slow Down\r\nContent-Length: 0\r\n\r\n');
    return true;
  };
  await expect(download()).rejects.toMatchObject({
    code: 'shop-unreachable',
    message: 'The object store is overloaded.',
  });
});

test('what an interrupted run left is gone on with: whole segments are not asked for, of others the rest', async () => {
  const stop = new AbortController();
  trouble(4, 1, (request, socket) => {
    part(request, socket, 100_000);
    setTimeout(() => stop.abort(), STALL / 3);
  });
  await expect(download({ signal: stop.signal })).rejects.toMatchObject({ code: 'interrupted' });
  server.requests.splice(0);
  let counted = 0;
  await download({
    begun: true,
    onBytes: (count) => {
      counted += count;
    },
  });
  expect(server.requests.map(({ from }) => from)).toEqual(
    [4, 5, 6, 7, 8, 9].map((segment) => segment * SEGMENT + (segment === 4 ? 100_000 : 0)),
  );
  expect(counted).toBe(SIZE);
  expect(await result()).toBe(true);
});

test('with a limit no more is read than may come, and that is not standing still', async () => {
  await pool.close();
  pool = nodeTransfers({ connections: 1, stallTimeout: 30, environment: {}, limitRate: 10_000 });
  const stop = new AbortController();
  let counted = 0;
  const onBytes = (count: number) => {
    counted += count;
    setTimeout(() => stop.abort(), 100);
  };
  await expect(download({ signal: stop.signal, onBytes })).rejects.toMatchObject({ code: 'interrupted' });
  expect(server.requests).toHaveLength(1);
  expect(counted).toBeGreaterThan(0);
  expect(counted).toBeLessThan(SEGMENT / 2);
});
