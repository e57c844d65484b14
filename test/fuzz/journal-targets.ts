import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BuyerError } from '../../client/buyer/errors.ts';
import { nodeHome } from '../../client/buyer/node/node-home.ts';
import { listPurchases, openPurchase } from '../../client/buyer/purchase-journal.ts';
import { PublishRefused } from '../../client/seller/publish-error.ts';
import { openPublishJournal } from '../../client/seller/publish-journal.ts';
import type { Target } from './fuzz.ts';
import { seeds } from './seeds.ts';

/** Files that a crash, a full disk or an editor may have left in any state. */

async function inFolder(work: (folder: string) => Promise<unknown>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'fuzz-'));
  try {
    await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const ID = 'ab'.repeat(16);
const SOURCE = 'a folder';

export const journalTargets: readonly Target[] = [
  {
    name: "a purchase's journal",
    seeds: seeds.purchaseJournals,
    parse: (input) =>
      inFolder(async (home) => {
        mkdirSync(join(home, 'purchases'));
        writeFileSync(join(home, 'purchases', `${ID}.jsonl`), input);
        await listPurchases(nodeHome(home));
        await (await openPurchase(nodeHome(home), ID)).close();
      }),
    isOwnError: (error) => error instanceof BuyerError && error.code === 'journal-damaged',
  },
  {
    name: "a publication's journal",
    seeds: seeds.publishJournals,
    parse: (input) =>
      inFolder(async (folder) => {
        const name = createHash('sha256').update(SOURCE).digest('hex');
        writeFileSync(join(folder, `publish-${name}.jsonl`), input);
        const fresh = { fingerprint: 'cd'.repeat(32), chunkSize: 1_000, folder: 'ef'.repeat(16) };
        await (await openPublishJournal(folder, SOURCE, fresh)).close();
      }),
    isOwnError: (error) => error instanceof PublishRefused,
  },
];
