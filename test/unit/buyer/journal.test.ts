import { appendFile, type FileHandle, mkdtemp, open, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as v from 'valibot';
import { openJournalFile } from '../../../client/buyer/node/journal-file.ts';
import { acquireLock, withLock } from '../../../client/buyer/node/lock.ts';
import { purchaseRecord } from '../../../client/buyer/purchase-records.ts';

const schema = v.strictObject({ n: v.number() });
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'journal-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('a journal', () => {
  test('keeps its records in order, readable by its owner alone', async () => {
    const path = join(folder, 'j.jsonl');
    const first = await openJournalFile(path, schema);
    await Promise.all([first.append({ n: 1 }), first.append({ n: 2 })]);
    await first.close();
    const second = await openJournalFile(path, schema);
    expect(second.records).toEqual([{ n: 1 }, { n: 2 }]);
    await second.close();
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  test('syncs what was noted with what is appended after it, or when asked to', async () => {
    const path = join(folder, 'j.jsonl');
    const journal = await openJournalFile(path, schema);
    const probe = await open(path);
    const prototype: Pick<FileHandle, 'datasync'> = Object.getPrototypeOf(probe);
    await probe.close();
    const original = prototype.datasync;
    const synced: string[] = [];
    prototype.datasync = async function (this: FileHandle) {
      synced.push(await readFile(path, 'utf8'));
    };
    try {
      await journal.note({ n: 1 });
      expect(synced).toEqual([]);
      await Promise.all([journal.note({ n: 2 }), journal.append({ n: 3 })]);
      await journal.note({ n: 4 });
      await journal.sync();
    } finally {
      prototype.datasync = original;
    }
    await journal.close();
    const whole = '{"n":1}\n{"n":2}\n{"n":3}\n';
    expect(synced).toEqual([whole, `${whole}{"n":4}\n`]);
  });

  test('cuts off a last line that was never finished, and goes on after it', async () => {
    const path = join(folder, 'j.jsonl');
    await writeFile(path, '{"n":1}\n{"n":2');
    const journal = await openJournalFile(path, schema);
    expect(journal.records).toEqual([{ n: 1 }]);
    await journal.append({ n: 3 });
    await journal.close();
    expect(await readFile(path, 'utf8')).toBe('{"n":1}\n{"n":3}\n');
  });

  test.each([
    ['not JSON', '{"n":1}\nnonsense\n{"n":2}\n'],
    ['of another form', '{"n":1}\n{"n":"2"}\n'],
  ])('with a line that is %s is not repaired but reported', async (_, text) => {
    const path = join(folder, 'j.jsonl');
    await writeFile(path, text);
    await expect(openJournalFile(path, schema)).rejects.toMatchObject({ code: 'journal-damaged' });
    expect(await readFile(path, 'utf8')).toBe(text);
  });
});

describe('a lock', () => {
  test('is held once, and free again afterwards', async () => {
    const path = join(folder, 'lock');
    const release = await acquireLock(path);
    await expect(acquireLock(path)).rejects.toMatchObject({ code: 'locked' });
    await release();
    await (await acquireLock(path))();
  });

  test('of a process that is gone is taken over', async () => {
    const path = join(folder, 'lock');
    // Above the largest process number there can be (Linux, PID_MAX_LIMIT).
    await writeFile(path, '4194305 1 aa');
    await (await acquireLock(path))();
  });

  test('of a process number that was given out again is taken over', async () => {
    if (process.platform !== 'linux') return;
    const path = join(folder, 'lock');
    await writeFile(path, `${process.pid} 1 aa`);
    await (await acquireLock(path))();
  });

  test('of a file that says nothing is taken over', async () => {
    const path = join(folder, 'lock');
    await writeFile(path, '');
    await (await acquireLock(path))();
  });

  test('makes works wait for each other', async () => {
    const path = join(folder, 'lock');
    const log = join(folder, 'log');
    const work = (name: string) => async () => {
      await appendFile(log, `${name} in `);
      await appendFile(log, `${name} out `);
    };
    await Promise.all([withLock(path, work('a')), withLock(path, work('b'))]);
    expect(['a in a out b in b out ', 'b in b out a in a out ']).toContain(await readFile(log, 'utf8'));
  });
});

test('a purchase whose terms are none any more is reported as damaged too', async () => {
  const record = {
    ...{
      v: 1,
      record: 'channel-planned',
      channel: 'ab'.repeat(32),
      terms: '{}',
      keyIndex: 0,
      changeIndex: 0,
    },
    ...{ stopChunksHeight: 900, stopPaymentsHeight: 910, minimumLifeAtFunding: 216 },
  };
  const path = join(folder, 'j.jsonl');
  await writeFile(path, `${JSON.stringify(record)}\n`);
  await expect(openJournalFile(path, purchaseRecord)).rejects.toMatchObject({
    code: 'journal-damaged',
    message: expect.stringMatching(/terms: must be terms$/),
  });
});
