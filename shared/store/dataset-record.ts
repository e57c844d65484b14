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
  /** It was taken off sale: no catalogue shows it, and from then on (milliseconds) it opens no channel. What was sold stays. */
  readonly forSaleUntil?: number;
}

/** Whether terms may name a dataset: it is for sale, or it was within the last hour (rule 5). */
export function opensChannels({ forSaleUntil }: Dataset, now: number): boolean {
  return forSaleUntil === undefined || now < forSaleUntil;
}

/** What one read of the store tells of a dataset's chunks. */
export interface ChunkVersions {
  readonly folder: string;
  /** The chunk that the first version is of. */
  readonly first: number;
  readonly versions: readonly string[];
}

/** Where datasets are kept. Publishing writes them, every sale reads them. */
export interface DatasetStore {
  /** @param chunkVersions the object version of every chunk, in order; written before the dataset can be found */
  put(dataset: Dataset, chunkVersions: readonly string[]): Promise<void>;
  get(manifest: string): Promise<Dataset | undefined>;
  /** The object versions of a run of chunks that holds this one; undefined where there is no such chunk. */
  chunkVersions(manifest: string, chunk: number): Promise<ChunkVersions | undefined>;
  /** Those that are off sale too. */
  list(): Promise<readonly Dataset[]>;
}

/** What an offer was, and what it is now; the same where nothing had to change. */
export interface OfferChange {
  readonly before: Dataset;
  readonly now: Dataset;
}

/** What the seller does besides. Each is one conditional write, may be repeated, and answers undefined where there is no such dataset. */
export interface SellerDatasetStore extends DatasetStore {
  /**
   * Changes what a full chunk costs; the old price opens channels for an hour more. Nothing changes where it is off sale.
   * @param pricePerChunk satoshis
   */
  setPrice(manifest: string, pricePerChunk: bigint): Promise<OfferChange | undefined>;
  /** Takes a dataset off sale: it opens channels for an hour more. Its objects and what was sold of it stay. */
  takeOffSale(manifest: string): Promise<OfferChange | undefined>;
  /** Puts a dataset on sale at a price, whether it is off sale or at another one. */
  putOnSale(manifest: string, pricePerChunk: bigint): Promise<OfferChange | undefined>;
}

/** The dataset is in the store already with other objects, so these must not take their place. */
export class DatasetConflict extends Error {
  override readonly name = 'DatasetConflict';
}
