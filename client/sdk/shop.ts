import { hexToBytes } from '@noble/hashes/utils.js';
import { systemClock } from '../../shared/clock.ts';
import { hashedFiles, type Manifest } from '../../shared/dataset/manifest.ts';
import type { DatasetsAnswer } from '../../shared/http/api.ts';
import { price } from '../../shared/protocol/price.ts';
import { checkManifest, checkOffer } from '../buyer/checks.ts';
import { fetchManifest, findDataset } from '../buyer/find-dataset.ts';
import { PATIENT } from '../buyer/retry.ts';
import { type ShopClient, shopClient } from '../buyer/shop-client.ts';
import { withKnownFailures } from './known-failures.ts';
import { platform } from './platform.ts';

/** A dataset as a shop offers it. Sizes are bytes, money is satoshis. */
export interface DatasetOffer {
  /** SHA-256 of its manifest, hex: the same data has the same id in every shop. */
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly licence: string;
  readonly bytes: number;
  readonly chunks: number;
  readonly chunkSize: number;
  /** For a full chunk; the last one, where it is shorter, costs in proportion. */
  readonly pricePerChunk: bigint;
}

/** A dataset whose manifest was fetched and checked: it has the id that was asked for, and the seller's signature. */
export interface Dataset extends DatasetOffer {
  readonly shopUrl: string;
  /** 33 bytes, hex. */
  readonly sellerKey: string;
  readonly files: readonly DatasetFile[];
  /** For all of it, as the shop offers it now. */
  readonly price: bigint;
}

export interface DatasetFile {
  readonly path: string;
  readonly size: number;
  /** Hex; absent where the seller's manifest does not say it. Its bytes are checked either way. */
  readonly sha256?: string;
}

/** A shop, by its address. Nothing here costs or binds anything. */
export class Shop {
  readonly url: string;
  readonly #client: ShopClient;

  private constructor(url: string) {
    this.url = url;
    this.#client = shopClient({ url, clock: systemClock, fetch: platform().fetch, retry: FIRST_CONTACT });
  }

  /** @throws BuyerError usage where it is no address */
  static at(url: string): Shop {
    return new Shop(url);
  }

  /** What it sells. @throws BuyerError shop-unreachable, shop-refused, shop-dishonest */
  datasets(): Promise<readonly DatasetOffer[]> {
    return withKnownFailures(async () => (await this.#client.datasets()).datasets.map(offerOf));
  }

  /**
   * One dataset with its manifest.
   * @param wanted its id or its name
   * @throws BuyerError usage where the shop has none of that name; shop-dishonest where the manifest is not what was asked for
   */
  dataset(wanted: string): Promise<Dataset> {
    return withKnownFailures(async () => {
      const { manifestId } = await findDataset(this.#client, wanted);
      const [{ sellerKey }, offer] = await Promise.all([
        this.#client.shop(),
        this.#client.dataset(manifestId),
      ]);
      const contact = { fetch: platform().fetch, retry: FIRST_CONTACT };
      const bytes = await fetchManifest(contact, offer.manifestUrl);
      const manifest = checkManifest(bytes, manifestId, hexToBytes(sellerKey), offer.manifestSignature);
      checkOffer(offer, manifest);
      return { ...offerOf(offer), shopUrl: this.url, sellerKey, ...contentOf(manifest, offer.pricePerChunk) };
    });
  }
}

/** A wrong address is told soon. */
const FIRST_CONTACT = { ...PATIENT, retries: 2 };

function offerOf(answer: DatasetsAnswer['datasets'][number]): DatasetOffer {
  const { manifest, name, description, licence, totalSize, chunks, chunkSize, pricePerChunk } = answer;
  return { id: manifest, name, description, licence, bytes: totalSize, chunks, chunkSize, pricePerChunk };
}

function contentOf(manifest: Manifest, pricePerChunk: bigint): Pick<Dataset, 'files' | 'price'> {
  const count = manifest.chunks.length;
  const files = hashedFiles(manifest) ?? manifest.files;
  return { files, price: price({ first: 0, count, pricePerChunk }, manifest, count) };
}
