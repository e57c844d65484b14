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
  const recorded = () => {
    const told: string[] = [];
    const steps = {
      sync: async (segments: readonly number[]) => void told.push(`sync ${segments}`),
      onSynced: async (segments: readonly number[]) => void told.push(`told ${segments}`),
    };
    return { told, steps };
  };

  test('is told only after it is on the disk, by groups of what was synced; of the last ones the end tells', async () => {
    const { told, steps } = recorded();
    const sync = backgroundSync(steps, { sync: 10, tell: 20 });
    for (const segment of [3, 1, 2, 0, 4, 6, 5]) sync.add(segment, 5);
    await sync.end();
    expect(told).toEqual(['sync 3,1', 'sync 2,0', 'told 3,1,2,0', 'sync 4,6', 'sync 5']);
  });

  test('that failed is not told, nor anything after it, and the end fails', async () => {
    const { told, steps } = recorded();
    const sync = backgroundSync(
      { ...steps, sync: () => Promise.reject(new Error('EIO')) },
      { sync: 10, tell: 10 },
    );
    for (const segment of [0, 1]) sync.add(segment, 10);
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
  writer.write(data);
  writer.close();
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
