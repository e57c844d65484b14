import tls from 'node:tls';
import { BLOCK_BYTES } from '../../../../client/buyer/transfer/aligned-memory.ts';
import type { Take } from '../../../../client/buyer/transfer/block-buffer.ts';
import { type Connection, openConnection } from '../../../../client/buyer/transfer/connection.ts';
import { LOOPBACK_CERTIFICATE, LOOPBACK_KEY } from '../../../support/loopback-certificate.ts';
import { type RangeServer, startRangeServer } from '../../../support/range-server.ts';

const object = Buffer.alloc(2 * BLOCK_BYTES, 'the object');
/** Milliseconds: what hangs is told soon. */
const STALL = 5_000;

const { createSecureContext } = tls;
let server: RangeServer;
let connection: Connection;

beforeEach(async () => {
  // Node 20 takes another authority at the start of a process only (NODE_EXTRA_CA_CERTS).
  tls.createSecureContext = (options) => {
    const made = createSecureContext(options);
    made.context.addCACert(LOOPBACK_CERTIFICATE);
    return made;
  };
  const identity = { cert: LOOPBACK_CERTIFICATE, key: LOOPBACK_KEY };
  server = await startRangeServer(object, (accept) => tls.createServer(identity, accept));
  connection = await openConnection(
    new URL(`https://localhost:${server.port}`),
    { environment: {}, stallTimeout: STALL, readBytes: Number.POSITIVE_INFINITY },
    AbortSignal.timeout(60_000),
  );
});
afterEach(async () => {
  tls.createSecureContext = createSecureContext;
  connection.close();
  await server.stop();
});

const get = (length: number, take: Take, lead: number) =>
  connection.get(
    new URL(`https://localhost:${server.port}/object`),
    { start: 0, length, objectSize: object.length },
    take,
    lead,
  );

test('an answer that ends while the disk holds the connection up leaves it ready for the next', async () => {
  const disk: { release?: () => void } = {};
  const written = new Promise<void>((resolve) => {
    disk.release = resolve;
  });
  const came: Buffer[] = [];
  const take: Take = (bytes) => {
    const isFirst = came.length === 0;
    came.push(Buffer.from(bytes));
    return { wait: 0, ...(isFirst && { written }) };
  };
  // The second block is full a hundred bytes before the answer's end, in the middle of a TLS record: nothing more is to be read
  // until the disk has the first, and the rest comes all the same.
  await get(object.length, take, 100);
  expect(Buffer.concat(came).equals(object)).toBe(true);
  disk.release?.();
  await written;
  let next = 0;
  const count: Take = (bytes) => {
    next += bytes.length;
    return { wait: 0 };
  };
  await get(1_000, count, 0);
  expect(next).toBe(1_000);
  expect(server.requests.map((request) => request.connection)).toEqual([1, 1]);
});
