/** A bare JSON-RPC caller for tests that talk to a node without the adapter between. */
export class NodeError extends Error {
  override readonly name = 'NodeError';
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

export type Rpc = (method: string, ...params: unknown[]) => Promise<unknown>;

export function rpcCaller(url: string): Rpc {
  const { username, password, origin } = new URL(url);
  const authorization = `Basic ${btoa(`${username}:${password}`)}`;
  return async (method, ...params) => {
    const response = await fetch(origin, {
      method: 'POST',
      headers: { authorization },
      body: JSON.stringify({ id: 1, method, params }),
      signal: AbortSignal.timeout(20_000),
    });
    const { result, error } = JSON.parse(await response.text());
    if (error) throw new NodeError(error.code, error.message);
    return result;
  };
}
