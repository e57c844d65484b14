import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import { type Manifest, parseManifest } from '../../shared/dataset/manifest.ts';
import { sha256 } from '../../shared/protocol/hashes.ts';
import type { Evidence } from './errors.ts';
import type { Home } from './home.ts';
import { type PurchaseRecord, purchaseRecord } from './purchase-records.ts';
import { foldRecord, type PurchaseState, purchaseState } from './purchase-state.ts';

/** The journal of one purchase, held by this process or page alone, with what it adds up to. */
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
  /** Writes down what a shop did wrong, for good. @returns where it is */
  keepEvidence(evidence: Evidence): Promise<string>;
  close(): Promise<void>;
}

/** A purchase is a dataset of a seller in a folder: the same command finds the same purchase, wherever the shop has moved. */
export function purchaseId(sellerKey: string, manifest: string, output: string): string {
  return bytesToHex(sha256(utf8ToBytes(`${sellerKey}\n${manifest}\n${output}`)).subarray(0, 16));
}

/** @throws BuyerError locked, journal-damaged */
export async function openPurchase(home: Home, id: string): Promise<PurchaseJournal> {
  const name = nameOf(id);
  const release = await home.lock(`${name}.lock`);
  try {
    const journal = await home.openJournal(`${name}.jsonl`, purchaseRecord);
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
      readManifest: () => home.read(`${name}.manifest.json`),
      writeManifest: (bytes) => home.write(`${name}.manifest.json`, bytes),
      async keepEvidence(evidence) {
        const file = `${name}.evidence-${evidence.chunk}-${evidence.segment}.json`;
        await home.write(file, utf8ToBytes(`${JSON.stringify(evidence, undefined, 2)}\n`));
        return home.describe(file);
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

/** All purchases of a home, as they stand; their processes are not disturbed. */
export async function listPurchases(home: Home): Promise<readonly StoredPurchase[]> {
  const names = await home.names();
  const ids = names.flatMap((name) => /^purchases\/([0-9a-f]{32})\.jsonl$/.exec(name)?.[1] ?? []).sort();
  return Promise.all(ids.map((id) => readPurchase(home, id)));
}

async function readPurchase(home: Home, id: string): Promise<StoredPurchase> {
  const state = purchaseState(await home.readJournal(`${nameOf(id)}.jsonl`, purchaseRecord));
  const bytes = await home.read(`${nameOf(id)}.manifest.json`);
  return { id, state, manifest: bytes && parseManifest(bytes) };
}

function nameOf(id: string): string {
  return `purchases/${id}`;
}
