import type { WalletChain } from '../../shared/chain/chain.ts';
import type { Clock } from '../../shared/clock.ts';
import type { Manifest } from '../../shared/dataset/manifest.ts';
import type { ShopAnswer } from '../../shared/http/api.ts';
import { interrupted } from './errors.ts';
import type { ExternalWallet } from './external-wallet.ts';
import type { Home } from './home.ts';
import type { OutputFiles, Outputs } from './outputs.ts';
import type { Progress } from './progress.ts';
import type { PurchaseJournal } from './purchase-journal.ts';
import type { PurchasePlan } from './purchase-plan.ts';
import type { RetryOptions } from './retry.ts';
import type { Selection } from './selection.ts';
import type { ShopClient } from './shop-client.ts';
import type { TransferPool } from './transfer/transfer-pool.ts';
import type { Wallet } from './wallet.ts';

/** What a purchase tells while it goes on. Money is satoshis, sizes are bytes. */
export type PurchaseEvent =
  | ({ readonly kind: 'planned'; readonly resumed: boolean } & PurchasePlan)
  | {
      readonly kind: 'deposit-needed';
      readonly address: string;
      readonly satoshis: bigint;
      readonly uri: string;
    }
  | {
      readonly kind: 'channel-opened';
      readonly channelId: string;
      readonly capacity: bigint;
      readonly refundHeight: number;
    }
  /** Another wallet is to sign it now. */
  | {
      readonly kind: 'funding-to-sign';
      readonly txid: string;
      readonly fee: bigint;
      readonly instruction: string;
    }
  | { readonly kind: 'funding-sent'; readonly txid: string; readonly fee: bigint }
  | { readonly kind: 'confirmations'; readonly have: number; readonly need: number | undefined }
  | { readonly kind: 'bytes'; readonly done: number; readonly total: number }
  /** It is on the disk and checked: now, or since an earlier run. */
  | { readonly kind: 'chunk-verified'; readonly chunk: number }
  | { readonly kind: 'chunk-paid'; readonly chunk: number; readonly chunks: number; readonly paid: bigint }
  | { readonly kind: 'channel-closed'; readonly channelId: string; readonly state: string }
  | { readonly kind: 'returned'; readonly txid: string; readonly satoshis: bigint }
  | { readonly kind: 'settled'; readonly txid: string; readonly height: number; readonly returned: bigint };

/** What a buyer asks of its own chain source. */
export type BuyerChain = Pick<
  WalletChain,
  | 'tip'
  | 'unspentOutput'
  | 'spend'
  | 'feeRate'
  | 'broadcast'
  | 'outputsPayingTo'
  | 'mempoolEntry'
  | 'replacementRate'
>;

/** Where a buyer lives and what it may do. */
export interface Buyer {
  readonly home: Home;
  readonly outputs: Outputs;
  readonly chain: BuyerChain;
  readonly clock: Clock;
  /** Milliseconds between two looks at the chain or the shop while waiting. */
  readonly pollInterval: number;
  readonly retry: RetryOptions;
  /** How the shop and the manifest are asked; by default the platform's own, which knows of no proxy. */
  readonly fetch?: typeof globalThis.fetch;
  readonly signal?: AbortSignal;
}

export interface BuyLimits {
  /** Satoshis for the whole dataset. */
  readonly maxPrice?: bigint;
  /** Satoshis in one channel; a dearer dataset is bought through several, one after the other. */
  readonly maxCapacity?: bigint;
  /**
   * Chunks paid before they arrive: what a dishonest shop could take. By default none where the shop gives the next chunk on
   * credit, and one where it does not.
   */
  readonly ahead?: number;
}

/** One purchase under way: everything its steps need. */
export interface Purchase {
  readonly buyer: Buyer;
  readonly limits: BuyLimits;
  readonly wait: { readonly deposit: boolean };
  readonly beforeFunding: () => Promise<void>;
  readonly wallet: Wallet;
  /** Who pays the fundings, where the wallet of this program does not. */
  readonly externalWallet?: ExternalWallet;
  readonly shop: ShopClient;
  readonly journal: PurchaseJournal;
  readonly manifestId: string;
  readonly manifest: Manifest;
  readonly sellerKey: Uint8Array;
  readonly dataHost: string;
  /** Satoshis for a full chunk as the shop offers it now; undefined where it sells the dataset no more. */
  readonly offeredPrice: bigint | undefined;
  readonly files: OutputFiles;
  readonly pool: TransferPool;
  /** The shop as it was when this run began. */
  readonly policy: ShopAnswer;
  /** The most chunks that one payment to this shop may add. */
  readonly commitmentLimit: number;
  /** Chunks to fetch side by side, at most. */
  readonly chunksAtOnce: number;
  readonly selection: Selection;
  readonly progress: Progress;
  readonly report: (event: PurchaseEvent) => void;
}

/** @throws BuyerError interrupted */
export function sleep({ pollInterval, signal }: Pick<Buyer, 'pollInterval' | 'signal'>): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(interrupted());
    const stop = () => {
      clearTimeout(timer);
      reject(interrupted());
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop);
      resolve();
    }, pollInterval);
    signal?.addEventListener('abort', stop, { once: true });
  });
}
