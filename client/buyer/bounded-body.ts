import { concatBytes } from '@noble/hashes/utils.js';
import { BuyerError } from './errors.ts';
import { AnswerRefused, TransferBroken } from './transfer/transfer-errors.ts';

export interface BoundedExchange {
  readonly fetch: typeof globalThis.fetch | undefined;
  /** Who is asked, as a sentence begins with it. */
  readonly who: string;
  readonly url: string;
  readonly request?: RequestInit;
  /** Milliseconds that the whole answer may take. */
  readonly timeout: number;
  readonly signal?: AbortSignal | undefined;
  /** Bytes that its body may have. */
  readonly limit: number;
}

/**
 * One question and its answer, within bounds of time and size; no redirect is followed.
 * @throws BuyerError shop-unreachable; shop-dishonest where the answer is too long
 */
export async function exchangeBounded(
  exchange: BoundedExchange,
): Promise<{ readonly status: number; readonly bytes: Uint8Array }> {
  const { fetch: send = fetch, who, url, request, timeout, signal, limit } = exchange;
  const late = AbortSignal.timeout(timeout);
  try {
    const response = await send(url, {
      ...request,
      redirect: 'error',
      signal: signal ? AbortSignal.any([signal, late]) : late,
    });
    return { status: response.status, bytes: await readBounded(response, limit) };
  } catch (error) {
    if (error instanceof BuyerError) throw error;
    const isTold = error instanceof TransferBroken || error instanceof AnswerRefused;
    throw new BuyerError('shop-unreachable', `${who} ${isTold ? error.message : 'did not answer'}.`, {
      next: 'Check the address, the network and the proxy, if there is one; then run the same command again.',
      cause: error,
    });
  }
}

/**
 * Reads an answer's body, whatever it claims about its length.
 * @throws BuyerError shop-dishonest where it is longer than `limit` bytes
 */
export async function readBounded(response: Response, limit: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let length = 0;
  // Not every browser iterates over a body.
  const reader = response.body?.getReader();
  for (;;) {
    const { value } = (await reader?.read()) ?? {};
    if (!value) return concatBytes(...parts);
    length += value.length;
    if (length > limit) {
      await reader?.cancel();
      throw new BuyerError('shop-dishonest', `An answer is longer than ${limit} bytes.`);
    }
    parts.push(value);
  }
}
