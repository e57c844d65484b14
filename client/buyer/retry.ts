import pRetry from 'p-retry';
import { BuyerError, interrupted, ShopProblem } from './errors.ts';

export interface RetryOptions {
  /** Tries after the first. */
  readonly retries: number;
  /** Milliseconds before the first retry; doubled each time. */
  readonly firstDelay: number;
}

export const PATIENT: RetryOptions = { retries: 6, firstDelay: 500 };

/** Repeats what failed for want of an answer. Every operation of the protocol may be repeated. */
export async function retry<T>(
  work: () => Promise<T>,
  options: RetryOptions,
  signal?: AbortSignal,
  isTransient: (error: unknown) => boolean = isUnanswered,
): Promise<T> {
  try {
    return await pRetry(work, {
      retries: options.retries,
      minTimeout: options.firstDelay,
      maxTimeout: 10_000,
      randomize: true,
      ...(signal && { signal }),
      shouldRetry: ({ error }) => isTransient(error),
    });
  } catch (error) {
    if (signal?.aborted) throw interrupted();
    throw error;
  }
}

function isUnanswered(error: unknown): boolean {
  if (error instanceof ShopProblem) return error.status >= 500;
  return error instanceof BuyerError && error.code === 'shop-unreachable';
}
