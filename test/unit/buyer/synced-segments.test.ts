import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { backgroundSync } from '../../../client/buyer/background-sync.ts';
import { datasetFiles } from '../../../client/buyer/dataset-files.ts';
import { strikeLostChunks } from '../../../client/buyer/fetch-chunk.ts';
import { nodeHome } from '../../../client/buyer/node/node-home.ts';
import { openPurchase, purchaseId } from '../../../client/buyer/purchase-journal.ts';
import { segmentWriter } from '../../../client/buyer/transfer/segment-files.ts';
import { segmentSpan } from '../../../shared/dataset/layout.ts';
import { describeData } from '../../support/buyer-world.ts';

describe('what is synced in the background', () => {
  /** A disk that is done with a sync when it is told so. */
  const recorded = () => {
    const told: string[] = [];
    const waiting: (() => void)[] = [];
    const steps = {
      sync: async (segments: readonly number[]) => {
        told.push(`sync ${segments}`);
        await new Promise<void>((resolve) => waiting.push(resolve));
      },
      onSynced: async (segments: readonly number[]) => void told.push(`told ${segments}`),
    };
    const done = async () => {
      await new Promise(setImmediate);
      waiting.shift()?.();
      await new Promise(setImmediate);
    };
    return { told, steps, done };
  };

  test('begins at once; what comes meanwhile goes together with the next; it is told by groups once on the disk', async () => {
    const { told, steps, done } = recorded();
    const sync = backgroundSync(steps, 20);
    sync.add(3, 5);
    await new Promise(setImmediate);
    for (const segment of [1, 2, 0]) sync.add(segment, 5);
    expect(told).toEqual(['sync 3']);
    await done();
    expect(told).toEqual(['sync 3', 'sync 1,2,0']);
    await done();
    expect(told).toEqual(['sync 3', 'sync 1,2,0', 'told 3,1,2,0']);
    sync.add(4, 20);
    const end = sync.end().then(() => told.push('end'));
    await new Promise(setImmediate);
    expect(told.slice(3)).toEqual(['sync 4']);
    await done();
    await end;
    expect(told.slice(3)).toEqual(['sync 4', 'end']);
  });

  test('that failed is not told, nor anything after it, and the end fails', async () => {
    const { told, steps } = recorded();
    const sync = backgroundSync({ ...steps, sync: () => Promise.reject(new Error('EIO')) }, 10);
    for (const segment of [0, 1]) {
      sync.add(segment, 10);
      await new Promise(setImmediate);
    }
    await expect(sync.end()).rejects.toThrow('EIO');
    expect(told).toEqual([]);
  });
});

test('segments whose file is gone are struck off before it is made anew, with what the chunk had', async () => {
  const root = await mkdtemp(join(tmpdir(), 'synced-'));
  const data = Buffer.alloc(4_000, 1);
  const files = [
    { path: 'kept', size: 1_000 },
    { path: 'gone', size: 3_000 },
  ];
  const manifest = describeData(data, files, 2_000, 500);
  const journal = await openPurchase(nodeHome(root), purchaseId('', '', root));
  const there = await datasetFiles(join(root, 'out'), files, '.partial');
  const writer = segmentWriter(there.place({ start: 0, length: 4_000 }), 0);
  expect(writer.write(data, false)).toBeUndefined();
  await writer.close();
  for (const [chunk, segments] of [
    [0, [0, 1]],
    [1, [2]],
    [1, [3]],
  ] as const) {
    await journal.append({ v: 1, record: 'segments-synced', chunk, segments: [...segments] });
  }
  const known = () => [...journal.state().synced].map(([chunk, segments]) => [chunk, [...segments]]);
  await strikeLostChunks({ manifest, journal, files: there });
  expect(known()).toEqual([
    [0, [0, 1]],
    [1, [2, 3]],
  ]);
  await rm(join(root, 'out/.partial/gone'));
  await strikeLostChunks({ manifest, journal, files: there });
  expect(known()).toEqual([[0, [0, 1]]]);
  expect(await there.isThere(segmentSpan(manifest, 0, 0))).toBe(true);
  await journal.append({ v: 1, record: 'chunk-verified', chunk: 0 });
  expect(known()).toEqual([]);
  await journal.close();
  await rm(root, { recursive: true });
});
