/** What the shop keeps of a dataset that it sells. Sizes are bytes. */
export interface Dataset {
  /** The manifest's SHA-256, hex: the dataset's id. */
  readonly manifest: string;
  /** Where its objects are: `datasets/<folder>/manifest.json` and `datasets/<folder>/chunks/<n>`. */
  readonly folder: string;
  readonly name: string;
  readonly description: string;
  readonly licence: string;
  readonly totalSize: number;
  readonly chunkSize: number;
  /** B's signature of the manifest's id, hex. */
  readonly manifestSignature: string;
  /** The object version of the manifest. */
  readonly manifestVersion: string;
  /** Satoshis for a full chunk. */
  readonly pricePerChunk: bigint;
  /** The price before, and until when (milliseconds) it still opens channels. */
  readonly previousPrice?: { readonly pricePerChunk: bigint; readonly until: number };
}

/** Where datasets are kept. Publishing writes them, every sale reads them. */
export interface DatasetStore {
  /** @param chunkVersions the object version of every chunk, in order; written before the dataset can be found */
  put(dataset: Dataset, chunkVersions: readonly string[]): Promise<void>;
  get(manifest: string): Promise<Dataset | undefined>;
  /** The object version of one chunk. */
  chunkVersion(manifest: string, chunk: number): Promise<string | undefined>;
  list(): Promise<readonly Dataset[]>;
}

/** What the seller does besides: only publishing needs it. */
export interface SellerDatasetStore extends DatasetStore {
  /**
   * Changes what a full chunk costs; the old price opens channels for an hour more.
   * @param pricePerChunk satoshis
   * @returns the dataset as it is now, or undefined where there is none
   */
  setPrice(manifest: string, pricePerChunk: bigint): Promise<Dataset | undefined>;
}

/** The dataset is in the store already with other objects, so these must not take their place. */
export class DatasetConflict extends Error {
  override readonly name = 'DatasetConflict';
}
