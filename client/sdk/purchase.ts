import type { Buyer, Purchase as PreparedPurchase, PurchaseEvent } from '../buyer/buyer-context.ts';
import { closePurchaseEarly } from '../buyer/close-purchase.ts';
import { planPurchase } from '../buyer/plan-purchase.ts';
import { type BuyRequest, folderFor, preparePurchase } from '../buyer/prepare-purchase.ts';
import { carryOut } from '../buyer/purchase.ts';
import { purchaseId } from '../buyer/purchase-journal.ts';
import type { PurchasePlan } from '../buyer/purchase-plan.ts';
import type { PurchaseResult } from '../buyer/purchase-result.ts';
import { type RefundReport, refund } from '../buyer/refund.ts';
import { bell } from './bell.ts';
import { type BuyerOptions, openBuyer } from './buyer-options.ts';
import { withKnownFailures } from './known-failures.ts';
import type { Dataset } from './shop.ts';
import { type VerifiedChunk, verifiedChunks } from './verified-chunk.ts';

export interface PurchaseOptions extends BuyerOptions {
  /** On Node the folder for the files; by default one of the dataset's name in the current folder. A browser keeps them itself. */
  readonly output?: string;
  /** Files and folders of the dataset; by default all of it. The rest may be bought later. */
  readonly only?: readonly string[];
  /** Satoshis for the whole purchase, without fees of the network; a dearer one is refused. */
  readonly maxPrice?: bigint;
  /** Satoshis bound in one channel at most. */
  readonly maxCapacity?: bigint;
  /** Chunks paid before they arrive: what a dishonest shop could take. By default as few as the shop lets be. */
  readonly ahead?: number;
  /** Parallel transfers; 8 by default. */
  readonly connections?: number;
  /** Bytes a second for all transfers together. Not in browsers. */
  readonly limitRate?: number;
}

export interface RunOptions {
  /** Stops the run at the next safe point; it throws a BuyerError `interrupted`. Running it again goes on from there. */
  readonly signal?: AbortSignal;
  /** Told of everything that happens. It must not throw. */
  readonly onEvent?: (event: PurchaseEvent) => void;
  /** Waited for each time before money is bound: the moment to save a recovery file, which then brings all of it back. */
  readonly beforeFunding?: () => Promise<void>;
}

/**
 * The purchase of a dataset. What an earlier run of the same purchase did, in this process or another, is found in the journal:
 * starting again is how to resume, and nothing is paid twice.
 */
export class Purchase {
  readonly dataset: Dataset;
  readonly #options: PurchaseOptions;
  #planned: PurchasePlan | undefined;

  private constructor(dataset: Dataset, options: PurchaseOptions) {
    this.dataset = dataset;
    this.#options = options;
  }

  static of(dataset: Dataset, options: PurchaseOptions): Purchase {
    return new Purchase(dataset, options);
  }

  /**
   * What it will cost and bind, with the worst case, before any money moves. Runs of this object then refuse a higher price.
   * @throws BuyerError
   */
  plan(run: Pick<RunOptions, 'signal'> = {}): Promise<PurchasePlan> {
    return withKnownFailures(async () => {
      const buyer = await openBuyer(this.#options, run.signal);
      this.#planned = await planPurchase(buyer, this.#request(run));
      return this.#planned;
    });
  }

  /**
   * Buys to the end: opens a channel, waits for a deposit where the wallet lacks money (the event says where to), fetches, checks
   * and pays chunk by chunk, and has the shop settle.
   * @throws BuyerError whose `money` and `next` say how things stand
   */
  start(run: RunOptions = {}): Promise<PurchaseResult> {
    return withKnownFailures(async () => carryOut(await this.#prepare(run), false));
  }

  /**
   * Buys as `start` does, and gives each chunk in the dataset's order as soon as it is checked, those of earlier runs first. It
   * does not wait for whoever reads: what is not read yet is on the disk. Leaving the loop stops the purchase.
   * @returns what the purchase came to
   * @throws BuyerError
   */
  async *chunks(run: RunOptions = {}): AsyncGenerator<VerifiedChunk, PurchaseResult, undefined> {
    const stop = new AbortController();
    const signal = run.signal ? AbortSignal.any([run.signal, stop.signal]) : stop.signal;
    const verified = new Set<number>();
    const news = bell();
    const onEvent = (event: PurchaseEvent) => {
      if (event.kind === 'chunk-verified') verified.add(event.chunk);
      run.onEvent?.(event);
      news.ring();
    };
    const purchase = await withKnownFailures(() => this.#prepare({ ...run, signal, onEvent }));
    const result = withKnownFailures(() => carryOut(purchase, false));
    let isOver = false;
    const over = result.then(
      () => undefined,
      () => undefined,
    );
    void over.then(() => {
      isOver = true;
      news.ring();
    });
    const chunkOf = verifiedChunks(purchase);
    try {
      for (const number of purchase.selection.chunks) {
        while (!verified.has(number) && !isOver) await news.next();
        // It failed before this one: that is what is thrown.
        if (!verified.has(number)) break;
        yield chunkOf(number);
      }
      return await result;
    } finally {
      stop.abort();
      await over;
    }
  }

  /**
   * Ends it where it stands, between two runs: the shop settles what was paid, and what is left comes back without waiting for the
   * refund height. Starting again opens another channel.
   * @returns the channel's state in the shop; undefined where none was open
   * @throws BuyerError
   */
  close(): Promise<string | undefined> {
    return withKnownFailures(async () => {
      const buyer = await openBuyer(this.#options);
      return closePurchaseEarly(buyer, this.#id(buyer));
    });
  }

  /**
   * Takes back what is due of it, whatever the shop does: see `refund`, which does not even need the shop's dataset.
   * @throws BuyerError usage where there is nothing of it yet
   */
  refund(): Promise<readonly RefundReport[]> {
    return withKnownFailures(async () => {
      const buyer = await openBuyer(this.#options);
      return refund(buyer, { purchase: this.#id(buyer) });
    });
  }

  async #prepare(run: RunOptions): Promise<PreparedPurchase> {
    const buyer = await openBuyer(this.#options, run.signal);
    return preparePurchase(buyer, this.#request(run), run.onEvent ?? (() => undefined));
  }

  #id({ outputs }: Buyer): string {
    return purchaseId(this.dataset.sellerKey, this.dataset.id, outputs.resolve(this.#output()));
  }

  #output(): string {
    return this.#options.output ?? folderFor(this.dataset.name, this.dataset.id);
  }

  #request({ beforeFunding }: RunOptions): BuyRequest {
    const { only, maxPrice, maxCapacity, ahead, connections, limitRate } = this.#options;
    const most = lower(maxPrice, this.#planned?.price);
    return {
      shopUrl: this.dataset.shopUrl,
      dataset: this.dataset.id,
      output: this.#output(),
      ...(only && { only }),
      limits: {
        ...(most !== undefined && { maxPrice: most }),
        ...(maxCapacity !== undefined && { maxCapacity }),
        ...(ahead !== undefined && { ahead }),
      },
      ...(connections !== undefined && { connections }),
      ...(limitRate !== undefined && { limitRate }),
      ...(beforeFunding && { beforeFunding }),
    };
  }
}

function lower(a: bigint | undefined, b: bigint | undefined): bigint | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return a < b ? a : b;
}
