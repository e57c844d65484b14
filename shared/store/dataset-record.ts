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
