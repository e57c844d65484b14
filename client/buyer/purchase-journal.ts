import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import { type Manifest, parseManifest } from '../../shared/dataset/manifest.ts';
import { sha256 } from '../../shared/protocol/hashes.ts';
import { makePrivateFolder, writeDurably } from './durable-files.ts';
import type { Evidence } from './errors.ts';
import { openJournal, readJournal } from './journal.ts';
import { acquireLock } from './lock.ts';
import { type PurchaseRecord, purchaseRecord } from './purchase-records.ts';
import { foldRecord, type PurchaseState, purchaseState } from './purchase-state.ts';

/** The journal of one purchase, held by this process alone, with what it adds up to. */
export interface PurchaseJournal {
  readonly id: string;
  state(): PurchaseState;
  /** Returns once the record is on the disk, with all before it. */
  append(record: PurchaseRecord): Promise<void>;
  /** Returns once a kill leaves the record; a power cut may take it until the next `append` or `sync`. */
  note(record: PurchaseRecord): Promise<void>;
  /** Returns once everything noted is on the disk. */
  sync(): Promise<void>;
  readManifest(): Promise<Uint8Array | undefined>;
  writeManifest(bytes: Uint8Array): Promise<void>;
  /** Writes down what a shop did wrong, for good. @returns the file's path */
  keepEvidence(evidence: Evidence): Promise<string>;
  close(): Promise<void>;
}

/** A purchase is a dataset of a seller in a folder: the same command finds the same purchase, wherever the shop has moved. */
export function purchaseId(sellerKey: string, manifest: string, output: string): string {
  return bytesToHex(sha256(utf8ToBytes(`${sellerKey}\n${manifest}\n${output}`)).subarray(0, 16));
}

/** @throws BuyerError locked, journal-damaged */
export async function openPurchase(home: string, id: string): Promise<PurchaseJournal> {
  const folder = join(home, 'purchases');
  await makePrivateFolder(folder);
  const release = await acquireLock(join(folder, `${id}.lock`));
  try {
    const journal = await openJournal(join(folder, `${id}.jsonl`), purchaseRecord);
    const manifestPath = join(folder, `${id}.manifest.json`);
    let state = purchaseState(journal.records);
    return {
      id,
      state: () => state,
      async append(record) {
        await journal.append(record);
        state = foldRecord(state, record);
      },
      async note(record) {
        await journal.note(record);
        state = foldRecord(state, record);
      },
      sync: () => journal.sync(),
      readManifest: () => readFile(manifestPath).catch(() => undefined),
      writeManifest: (bytes) => writeDurably(manifestPath, bytes),
      async keepEvidence(evidence) {
        const path = join(folder, `${id}.evidence-${evidence.chunk}-${evidence.segment}.json`);
        await writeDurably(path, `${JSON.stringify(evidence, undefined, 2)}\n`);
        return path;
      },
      async close() {
        await journal.close();
        await release();
      },
    };
  } catch (error) {
    await release();
    throw error;
  }
}

export interface StoredPurchase {
  readonly id: string;
  readonly state: PurchaseState;
  /** As it was checked when it was stored. */
  readonly manifest: Manifest | undefined;
}

/** All purchases of a home folder, as they stand; their processes are not disturbed. */
export async function listPurchases(home: string): Promise<readonly StoredPurchase[]> {
  const folder = join(home, 'purchases');
  const names = await readdir(folder).catch(() => []);
  const ids = names.flatMap((name) => /^([0-9a-f]{32})\.jsonl$/.exec(name)?.[1] ?? []).sort();
  return Promise.all(ids.map((id) => readPurchase(folder, id)));
}

async function readPurchase(folder: string, id: string): Promise<StoredPurchase> {
  const state = purchaseState(await readJournal(join(folder, `${id}.jsonl`), purchaseRecord));
  const bytes = await readFile(join(folder, `${id}.manifest.json`)).catch(() => undefined);
  return { id, state, manifest: bytes && parseManifest(bytes) };
}
