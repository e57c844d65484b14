import type { PublishJournal } from '../../../../client/seller/publish-journal.ts';
import { beginChunk, type ChunkTask } from '../../../../client/seller/upload-chunk.ts';
import { chunkRoot } from '../../../../shared/dataset/manifest.ts';
import type { ObjectDescription, StoredPart } from '../../../../shared/dataset/objects.ts';

/** What of a chunk is read and sent again, by what the journal and the store say. */

const SHAPE = { totalSize: 5, chunkSize: 5, segmentSize: 2 };
const SIZES = [2, 2, 1];
const part = (segment: number): StoredPart => ({
  tag: `tag-${segment}`,
  sha256: new Uint8Array(32).fill(segment),
});
const OTHER: StoredPart = { tag: 'other', sha256: new Uint8Array(32).fill(99) };
const WHOLE: ObjectDescription = {
  size: 5,
  parts: SIZES.map((size, segment) => ({ size, sha256: part(segment).sha256 })),
  composite: chunkRoot([0, 1, 2].map((segment) => part(segment).sha256)),
};

interface World {
  /** Sent and acknowledged before. */
  readonly journal: readonly (readonly [segment: number, part: StoredPart])[];
  /** Listed by the store; undefined where it knows no such upload. */
  readonly listed?: readonly (readonly [segment: number, part: StoredPart, size: number])[];
  /** Whether an object is there under the chunk's key. */
  readonly object?: boolean;
}

/** Everything that was done, in a word each. */
async function run({ journal, listed, object = false }: World): Promise<string[]> {
  const done: string[] = [];
  const uploads: PublishJournal['uploads'] = new Map([[0, { upload: 'before', parts: new Map(journal) }]]);
  let finished = object;
  const task = {
    shape: SHAPE,
    chunk: 0,
    key: 'key',
    objects: {
      latestVersion: async () => (object ? 'version' : undefined),
      listParts: async () =>
        listed && new Map(listed.map(([segment, there, size]) => [segment + 1, { ...there, size }])),
      startParts: async () => 'new',
      finishParts: async (_: string, upload: string) => {
        finished = true;
        done.push(`finish ${upload}`);
        return 'version';
      },
      describe: async () => (finished ? WHOLE : undefined),
    },
    passage: {
      pass: async ({ start }: { start: number }) => void done.push(`pass ${start / 2}`),
      take: async ({ start }: { start: number }) => ({
        send: async (_: unknown, there: StoredPart | undefined) => {
          done.push(`send ${start / 2}${there ? ` unless ${there.tag}` : ''}`);
          return part(start / 2);
        },
      }),
    },
    journal: {
      stored: new Map(),
      uploads,
      started: async () => void (uploads as Map<number, unknown>).clear(),
      sent: async () => {},
      finished: async () => void done.push('recorded'),
    },
  };
  const { bring } = await beginChunk(task as unknown as ChunkTask);
  for (const segment of [0, 1, 2]) await (await bring(segment))();
  return done;
}

const ALL = [0, 1, 2].map((segment) => [segment, part(segment)] as const);

test.each<[string, World, string[]]>([
  [
    'what both know is neither read nor sent',
    {
      journal: ALL.slice(0, 2),
      listed: [
        [0, part(0), 2],
        [1, part(1), 2],
      ],
    },
    ['pass 0', 'pass 1', 'send 2', 'finish before', 'recorded'],
  ],
  [
    'what only the store knows is read, and sent if it is another',
    {
      journal: ALL.slice(0, 1),
      listed: [
        [0, part(0), 2],
        [1, OTHER, 2],
      ],
    },
    ['pass 0', 'send 1 unless other', 'send 2', 'finish before', 'recorded'],
  ],
  [
    'what only the journal knows is sent',
    { journal: ALL.slice(0, 2), listed: [[0, part(0), 2]] },
    ['pass 0', 'send 1', 'send 2', 'finish before', 'recorded'],
  ],
  [
    'what they know differently is read and compared',
    { journal: [[0, part(0)]], listed: [[0, OTHER, 2]] },
    ['send 0 unless other', 'send 1', 'send 2', 'finish before', 'recorded'],
  ],
  [
    'a part of another size is none',
    { journal: [[0, part(0)]], listed: [[0, part(0), 1]] },
    ['send 0', 'send 1', 'send 2', 'finish before', 'recorded'],
  ],
  [
    'an upload that the store has given up is begun anew',
    { journal: ALL.slice(0, 2) },
    ['send 0', 'send 1', 'send 2', 'finish new', 'recorded'],
  ],
  [
    'an upload that was completed, of which nobody heard, is found',
    { journal: ALL, object: true },
    ['recorded', 'pass 0', 'pass 1', 'pass 2'],
  ],
])('%s', async (_, world, expected) => {
  expect(await run(world)).toEqual(expected);
});
