import pRetry from 'p-retry';
import * as v from 'valibot';
import { NODE_TIMEOUT_MS } from '../limits.ts';
import { answerText, failureText } from './answer-text.ts';
import { ChainUnavailable } from './chain.ts';

export interface EsploraConnection {
  /** Where the API's paths begin, without a slash at the end: `https://host/api`. */
  readonly url: string;
  readonly fetch: typeof globalThis.fetch;
  /** Further tries after a failure of transport, a 429 or a 5xx. */
  readonly retries: number;
  /** Milliseconds between two tries go by in here. */
  readonly wait: (milliseconds: number) => Promise<void>;
  /** From 0 to 1, not including 1: scatters the tries of many callers. */
  readonly random: () => number;
}

/** An answer about the question itself: status 2xx or 4xx. */
export interface EsploraAnswer {
  readonly status: number;
  readonly text: string;
}

export interface EsploraHttp {
  get(path: string): Promise<EsploraAnswer>;
  post(path: string, body: string): Promise<EsploraAnswer>;
}

const FIRST_WAIT_MS = 200;
/** A server that wants to be left alone for longer is silent, as far as a request that waits for it is concerned. */
const LONGEST_WAIT_MS = 4_000;
const SECOND = 1_000;

/** The server did not get to the question: ask again, after as many milliseconds at least. */
class TryAgain extends Error {
  override readonly name = 'TryAgain';
  readonly after: number;

  constructor(message: string, after = 0) {
    super(message);
    this.after = after;
  }
}

/**
 * Everything is repeated after a failure of transport, broadcasts too: who took a transaction the first time says so the second.
 * Every method throws `ChainUnavailable` when there is no answer.
 */
export function esploraHttp({ url, fetch, retries, wait, random }: EsploraConnection): EsploraHttp {
  const { host } = new URL(url);

  async function once(path: string, init: RequestInit): Promise<EsploraAnswer> {
    const signal = AbortSignal.timeout(NODE_TIMEOUT_MS);
    let response: Response;
    let text: string;
    try {
      response = await fetch(url + path, { ...init, redirect: 'error', signal });
      text = await answerText(response);
    } catch (error) {
      if (error instanceof ChainUnavailable) throw error;
      throw new TryAgain(failureText(error));
    }
    const { status, headers } = response;
    if (status === 429 || status >= 500) {
      throw new TryAgain(`HTTP status ${status}`, retryAfter(headers.get('retry-after')));
    }
    return { status, text };
  }

  async function repeated(path: string, init: RequestInit): Promise<EsploraAnswer> {
    try {
      return await pRetry(() => once(path, init), {
        retries,
        minTimeout: 0,
        shouldRetry: async ({ error, retriesConsumed }) => {
          if (!(error instanceof TryAgain) || error.after > LONGEST_WAIT_MS) return false;
          const backoff = FIRST_WAIT_MS * 2 ** retriesConsumed * (1 + random());
          await wait(Math.min(Math.max(backoff, error.after), LONGEST_WAIT_MS));
          return true;
        },
      });
    } catch (error) {
      throw new ChainUnavailable(`Esplora at ${host}, ${path}: ${failureText(error)}`, { cause: error });
    }
  }

  return {
    get: (path) => repeated(path, { method: 'GET' }),
    post: (path, body) => repeated(path, { method: 'POST', body }),
  };
}

/** Milliseconds that a Retry-After header asks for; its other form, a date, is not worth a clock here and counts as long. */
function retryAfter(header: string | null): number {
  if (header === null) return 0;
  return /^[0-9]{1,5}$/.test(header) ? Number(header) * SECOND : LONGEST_WAIT_MS + 1;
}

/** "Not found" is an answer only in the words for the thing asked about: a wrong base path is a 404 too. */
export const isNotFound = ({ status, text }: EsploraAnswer, words: string): boolean =>
  status === 404 && text.trim() === words;

/** The body of an answer with status 200. @throws ChainUnavailable for everything else */
export function parsed<Schema extends v.GenericSchema>(
  schema: Schema,
  answer: EsploraAnswer,
): v.InferOutput<Schema> {
  if (answer.status === 200) {
    const result = v.safeParse(schema, answer.text);
    if (result.success) return result.output;
  }
  const beginning = answer.text.slice(0, 200);
  throw new ChainUnavailable(`Esplora answers ${answer.status}, not as expected: ${beginning}`);
}

export function parsedJson<Schema extends v.GenericSchema>(
  schema: Schema,
  answer: EsploraAnswer,
): v.InferOutput<Schema> {
  return parsed(v.pipe(v.string(), v.parseJson(), schema), answer);
}
