import pRetry from 'p-retry';
import * as v from 'valibot';
import { answerText, failureText } from './answer-text.ts';
import { ChainUnavailable } from './chain.ts';

/** The node heard the call and refused it, in Bitcoin Core's numbering (its rpc/protocol.h). */
export class NodeRefusal extends Error {
  override readonly name = 'NodeRefusal';
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

/** The call may or may not have reached the node. */
class TransportFailure extends Error {
  override readonly name = 'TransportFailure';
}

export interface NodeConnection {
  /** `http://user:password@host:port`; the credentials go into the Authorization header and nowhere else. */
  readonly url: string;
  readonly fetch: typeof globalThis.fetch;
  /** Further tries after a failure of transport. */
  readonly retries: number;
}

export type NodeCall = <Schema extends v.GenericSchema>(
  schema: Schema,
  timeoutMs: number,
  method: string,
  ...params: readonly unknown[]
) => Promise<v.InferOutput<Schema>>;

const answerSchema = v.object({
  result: v.optional(v.unknown()),
  error: v.nullish(v.object({ code: v.pipe(v.number(), v.integer()), message: v.string() })),
});

/**
 * Every call is repeated after a failure of transport. That is safe for sendrawtransaction too: a node that took
 * the transaction the first time answers the second with its txid again, or that it is in the chain already.
 * @returns a caller that throws `NodeRefusal` for the node's own errors and `ChainUnavailable` for all others
 */
export function nodeCaller({ url, fetch, retries }: NodeConnection): NodeCall {
  const { username, password, origin, pathname, host } = new URL(url);
  const authorization = basicAuthorization(decodeURIComponent(username), decodeURIComponent(password));

  async function once(timeoutMs: number, method: string, params: readonly unknown[]): Promise<unknown> {
    let status: number;
    let text: string;
    try {
      const response = await fetch(origin + pathname, {
        method: 'POST',
        headers: { authorization, 'content-type': 'application/json' },
        body: JSON.stringify({ jsonrpc: '1.0', id: 'spillway', method, params }),
        signal: AbortSignal.timeout(timeoutMs),
      });
      status = response.status;
      text = await answerText(response);
    } catch (error) {
      if (error instanceof ChainUnavailable) throw error;
      throw new TransportFailure(failureText(error));
    }
    // 503: the node's queue of calls is full.
    if (status === 503) throw new TransportFailure('busy');
    if (status === 401 || status === 403) throw new ChainUnavailable('refuses our credentials');
    const { result, error } = parseAnswer(text, status);
    if (error) throw new NodeRefusal(error.code, error.message);
    return result;
  }

  return async (schema, timeoutMs, method, ...params) => {
    try {
      const result = await pRetry(() => once(timeoutMs, method, params), {
        retries,
        minTimeout: 100,
        maxTimeout: 1_000,
        randomize: true,
        shouldRetry: ({ error }) => error instanceof TransportFailure || isScanBusy(error),
      });
      return v.parse(schema, result);
    } catch (error) {
      if (error instanceof NodeRefusal && !isScanBusy(error)) throw error;
      throw new ChainUnavailable(`bitcoind at ${host}, ${method}: ${failureText(error)}`, { cause: error });
    }
  };
}

/** A node runs one search of each sort at a time, for all its callers together. */
const isScanBusy = (error: Error): boolean =>
  error instanceof NodeRefusal && error.message.startsWith('Scan already in progress');

function parseAnswer(text: string, status: number): v.InferOutput<typeof answerSchema> {
  try {
    return v.parse(answerSchema, JSON.parse(text));
  } catch {
    throw new ChainUnavailable(`an answer that is not JSON-RPC, HTTP status ${status}`);
  }
}

function basicAuthorization(user: string, password: string): string {
  const bytes = new TextEncoder().encode(`${user}:${password}`);
  return `Basic ${btoa(String.fromCharCode(...bytes))}`;
}
