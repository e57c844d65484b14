import type { SizedFile } from '../../shared/dataset/layout.ts';
import type { Manifest } from '../../shared/dataset/manifest.ts';
import type { DatasetFiles } from './dataset-files.ts';
import type { Selection } from './selection.ts';
import type { TransferPool } from './transfer/transfer-pool.ts';

/** Where bought data goes and how it gets there: folders and worker threads on Node, the page's storage in a browser. */
export interface Outputs {
  /** The name by which an output is remembered: the same wherever the same place is meant. */
  resolve(output: string): string;
  /** @throws BuyerError usage where a file of the dataset is there already: nothing of the buyer's is written over */
  refuseOverwriting(output: string, files: readonly SizedFile[]): Promise<void>;
  /** Makes the place for a dataset's files, or opens it again. @throws BuyerError disk where it cannot hold their names */
  open(output: string, dataset: DatasetToKeep): Promise<OutputFiles>;
  transfers(options: TransferOptions): TransferPool;
}

export interface DatasetToKeep {
  readonly manifest: Manifest;
  readonly manifestId: string;
  /** What gets its name in the end. */
  readonly selection: Selection;
}

export interface TransferOptions {
  /** Transfers at the same time, at most. */
  readonly connections: number;
  /** Bytes a second for all of them together. */
  readonly limitRate?: number | undefined;
}

/** A dataset's files, and what is known of them besides. */
export interface OutputFiles extends DatasetFiles {
  freeBytes(): Promise<number>;
  /** Whether a file of the dataset, by its index, is there in its size under its final name. */
  isFinished(file: number): Promise<boolean>;
  /**
   * Reads what came of a file, finished or not; only chunks that were checked have their bytes.
   * @param file by its index
   * @throws BuyerError disk where it is gone
   */
  read(file: number, offset: number, length: number): AsyncIterable<Uint8Array>;
  /** Writes a text beside the files, instead of what was there. @param path within the output */
  writeNote(path: string, lines: Iterable<string>): Promise<void>;
}
