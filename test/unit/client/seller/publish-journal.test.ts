import { appendFile, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openPublishJournal } from '../../../../client/seller/publish-journal.ts';

const fresh = { fingerprint: 'aa'.repeat(32), chunkSize: 8, folder: '11'.repeat(16) };
const stored = { versionId: 'v', segments: [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)] };

const part = { tag: '"t"', sha256: new Uint8Array(32).fill(3) };
const UNFINISHED = new Map([[1, { upload: 'upload-1', parts: new Map([[0, part]]) }]]);

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'spillway-journal-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function interrupted(): Promise<string> {
  const journal = await openPublishJournal(folder, 'source', fresh);
  await journal.started(0, 'upload-0');
  await journal.started(1, 'upload-1');
  await journal.sent(1, 0, part);
  await journal.remember([[2, part.sha256]]);
  await journal.finished(0, stored);
  await journal.close();
  const [name] = await readdir(folder);
  return join(folder, name ?? '');
}

test('what was done is known again, in the folder it was begun in', async () => {
  await interrupted();
  const journal = await openPublishJournal(folder, 'source', { ...fresh, folder: '22'.repeat(16) });
  expect(journal.folder).toBe(fresh.folder);
  expect([...journal.stored]).toEqual([[0, stored]]);
  expect(journal.uploads).toEqual(UNFINISHED);
  expect(journal.hashed).toEqual(new Map([[2, part.sha256]]));
  expect(journal.resumed).toBe(true);
  expect(journal.abandoned).toEqual({ folder: fresh.folder, chunks: 0, uploads: new Map() });
  await journal.close();
});

test.each([
  ['a changed source', { fingerprint: 'bb'.repeat(32) }],
  ['another chunk size', { chunkSize: 9 }],
])('%s begins anew, and still knows what to give up', async (_, change) => {
  await interrupted();
  const journal = await openPublishJournal(folder, 'source', {
    ...fresh,
    ...change,
    folder: '22'.repeat(16),
  });
  expect(journal.folder).toBe('22'.repeat(16));
  expect(journal.stored.size).toBe(0);
  expect(journal.uploads.size).toBe(0);
  expect(journal.hashed.size).toBe(0);
  expect(journal.resumed).toBe(false);
  expect(journal.abandoned).toEqual({ folder: fresh.folder, chunks: 1, uploads: UNFINISHED });
  await journal.close();
});

test('an upload that is begun again has no part, and its chunk is not stored', async () => {
  await interrupted();
  const journal = await openPublishJournal(folder, 'source', fresh);
  await journal.started(0, 'upload-2');
  await journal.started(1, 'upload-3');
  expect(journal.stored.size).toBe(0);
  const begun = (upload: string) => ({ upload, parts: new Map() });
  expect(journal.uploads).toEqual(
    new Map([
      [0, begun('upload-2')],
      [1, begun('upload-3')],
    ]),
  );
  await journal.close();
});

test('another source has another journal', async () => {
  await interrupted();
  const journal = await openPublishJournal(folder, 'other', { ...fresh, folder: '22'.repeat(16) });
  expect(journal.folder).toBe('22'.repeat(16));
  await journal.close();
});

test('a line that was cut off is dropped, and what is written next is whole', async () => {
  const path = await interrupted();
  await appendFile(path, '{"stored":1,"versionId":"w","segm');
  const journal = await openPublishJournal(folder, 'source', fresh);
  expect([...journal.stored.keys()]).toEqual([0]);
  await journal.finished(1, stored);
  await journal.close();
  const again = await openPublishJournal(folder, 'source', fresh);
  expect([...again.stored.keys()]).toEqual([0, 1]);
  await again.close();
  expect((await readFile(path, 'utf8')).endsWith('\n')).toBe(true);
});

test('a completed publication is forgotten', async () => {
  await interrupted();
  const journal = await openPublishJournal(folder, 'source', fresh);
  await journal.remove();
  expect(await readdir(folder)).toEqual([]);
});

test('what stands after a line that is JSON and no entry is dropped, and what is written next is found again', async () => {
  const journal = await openPublishJournal(folder, 'source', fresh);
  await journal.finished(0, stored);
  await journal.close();
  const [name = ''] = await readdir(folder);
  await appendFile(join(folder, name), '{"started":1,"upload":7}\n{"started":2,"upload":"upload-2"}\n');
  const again = await openPublishJournal(folder, 'source', fresh);
  expect([...again.stored.keys()]).toEqual([0]);
  expect([...again.uploads.keys()]).toEqual([]);
  await again.started(3, 'upload-3');
  await again.close();
  const last = await openPublishJournal(folder, 'source', fresh);
  expect([...last.uploads.keys()]).toEqual([3]);
  await last.close();
});
