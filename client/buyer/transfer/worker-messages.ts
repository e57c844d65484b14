import { BuyerError, type BuyerErrorCode, systemCode } from '../errors.ts';
import type { FetchOutcome, Held, SegmentFetch, SegmentPlace } from './outcome.ts';

/** What goes between the purchase's thread and a worker. `id` names one task. */

export type WorkerRequest =
  | { readonly kind: 'look'; readonly id: number; readonly place: SegmentPlace; readonly length: number }
  | { readonly kind: 'fetch'; readonly id: number; readonly fetch: SegmentFetch }
  | { readonly kind: 'stop'; readonly id: number };

export type WorkerAnswer =
  | { readonly kind: 'looked'; readonly id: number; readonly held: Held }
  | { readonly kind: 'fetched'; readonly id: number; readonly outcome: FetchOutcome }
  | { readonly kind: 'bytes'; readonly id: number; readonly count: number }
  | { readonly kind: 'failed'; readonly id: number; readonly error: FailureMessage };

/** An error loses its class and its code on the way between threads. */
export interface FailureMessage {
  readonly message: string;
  readonly stack: string | undefined;
  /** The system's, e.g. ENOSPC. */
  readonly code: string | undefined;
  /** Of a BuyerError. */
  readonly buyer: { readonly code: BuyerErrorCode; readonly next: string | undefined } | undefined;
}

export function failureMessage(error: unknown): FailureMessage {
  return {
    message: error instanceof Error ? error.message : String(error),
    stack: error instanceof Error ? error.stack : undefined,
    code: systemCode(error),
    buyer: error instanceof BuyerError ? { code: error.code, next: error.next } : undefined,
  };
}

export function errorOf({ message, stack, code, buyer }: FailureMessage): Error {
  if (buyer) return new BuyerError(buyer.code, message, buyer.next === undefined ? {} : { next: buyer.next });
  return Object.assign(new Error(message), { code, stack });
}
