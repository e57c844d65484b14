import { type ConsolePorts, consoleCalls } from '../../../../client/console/console-calls.ts';
import type { PublishEvent } from '../../../../client/seller/dataset-chunks.ts';
import type { Publication } from '../../../../client/seller/offer-dataset.ts';
import { PublishRefused } from '../../../../client/seller/publish-error.ts';
import { SellerError } from '../../../../client/seller/seller-error.ts';

/** A publication that goes on as the test says. */
interface Begun {
  readonly parameters: readonly unknown[];
  readonly tell: (event: PublishEvent) => void;
  readonly done: (publication: Publication) => void;
  readonly fail: (error: Error) => void;
}

let done: unknown[][];
let begun: Begun[];
let run: (name: string, body?: object) => Promise<{ status: number; document: unknown }>;
beforeEach(() => {
  done = [];
  begun = [];
  const ports: ConsolePorts = {
    report: async () => {
      throw new SellerError('shop-unreachable', 'The shop does not answer.', 'Is it running?');
    },
    changePrice: async (...parameters) => done.push(['price', ...parameters]) as never,
    unpublish: async (...parameters) => done.push(['unpublish', ...parameters]) as never,
    publish: (path, request, tell) =>
      new Promise((resolve, fail) => {
        begun.push({ parameters: [path, request], tell, done: resolve, fail });
      }),
  };
  const calls = consoleCalls(ports);
  run = async (name, body = {}) => {
    const call = calls.get(name);
    if (!call) throw new Error(`no call ${name}`);
    return call.run(body);
  };
});

const settled = () => new Promise((resolve) => setImmediate(resolve));

test('a price is changed and a dataset taken off sale by what the page sends', async () => {
  await run('price', { dataset: 'weather', pricePerChunk: '6000' });
  await run('unpublish', { dataset: 'weather' });
  expect(done).toEqual([
    ['price', 'weather', 6_000n],
    ['unpublish', 'weather'],
  ]);
});

test.each([
  ['price', { dataset: 'weather', pricePerChunk: 6_000 }, 'pricePerChunk'],
  ['price', { dataset: 'weather', pricePerChunk: '0' }, 'pricePerChunk'],
  ['price', { dataset: 'weather', pricePerChunk: '2100000000000001' }, 'pricePerChunk'],
  ['price', { dataset: 'x'.repeat(201), pricePerChunk: '1' }, 'dataset'],
  ['price', { dataset: 'weather', pricePerChunk: '1', more: 1 }, 'more'],
  ['unpublish', {}, 'dataset'],
  ['publish', { path: '', pricePerChunk: '5000' }, 'path'],
  ['publish', { path: '/data', pricePerChunk: '5000', dryRun: 'yes' }, 'dryRun'],
  ['publish', { path: '/data', pricePerChunk: '5000', description: 'x'.repeat(10_001) }, 'description'],
])('%s of %j is refused', async (name, body, field) => {
  expect(await run(name, body)).toEqual({
    status: 400,
    document: { error: { message: `${field} is missing or not valid.`, next: 'Correct it.' } },
  });
  expect([done, begun]).toEqual([[], []]);
});

test('what a command would say of a failure, the page says', async () => {
  expect(await run('report')).toEqual({
    status: 422,
    document: { error: { message: 'The shop does not answer.', next: 'Is it running?' } },
  });
});

test('a publication runs on its own, one at a time, and tells how it stands', async () => {
  expect((await run('publishing')).document).toEqual({ state: 'none' });
  const request = { path: '/data', pricePerChunk: '5000', name: 'weather' };
  const running = { state: 'running', path: '/data', dryRun: false, done: 0 };
  expect(await run('publish', request)).toEqual({ status: 200, document: running });
  expect(begun[0]?.parameters).toEqual(['/data', { pricePerChunk: 5_000n, name: 'weather', dryRun: false }]);
  begun[0]?.tell({ type: 'bytes', done: 5, total: 9 });
  expect((await run('publishing')).document).toEqual({ ...running, done: 5, total: 9 });
  // What was hashed is uploaded next, from the first byte on.
  begun[0]?.tell({ type: 'uploading', folder: 'f', resumed: false });
  expect((await run('publishing')).document).toEqual(running);
  expect(await run('publish', request)).toMatchObject({
    status: 422,
    document: { error: { message: '/data is being published.' } },
  });
  const publication = { outcome: 'published', name: 'weather' } as Publication;
  begun[0]?.done(publication);
  await settled();
  expect((await run('publishing')).document).toEqual({ state: 'done', publication });
});

test('one that failed says why until the next one begins', async () => {
  const request = { path: '/data', pricePerChunk: '5000', dryRun: true };
  await run('publish', request);
  begun[0]?.fail(new PublishRefused('/data is not there'));
  await settled();
  expect((await run('publishing')).document).toEqual({
    state: 'failed',
    message: '/data is not there',
    next: 'Change that, then run the same command again.',
  });
  expect((await run('publish', request)).document).toMatchObject({ state: 'running', dryRun: true });
});
