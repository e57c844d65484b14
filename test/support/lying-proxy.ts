import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type LocalServer, listenOnLoopback } from '../../local/listen.ts';

export interface ProxiedAnswer {
  readonly status: number;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface LyingProxy extends LocalServer {
  /** Takes requests and never answers. */
  silent: boolean;
  /** Every answer waits for it. */
  slow: Promise<void> | undefined;
  /** Turns the honest answer to a path into another one. */
  lie: ((path: string, honest: ProxiedAnswer, body: string) => ProxiedAnswer) | undefined;
  /** Method and path of every request, in order. */
  readonly requests: string[];
}

/** Stands before a chain source and answers as it is told to. Passes on what it is not told about. */
export async function startLyingProxy(target: string): Promise<LyingProxy> {
  const { origin, username, password } = new URL(target);
  const requests: string[] = [];

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url ?? '/';
    requests.push(`${request.method} ${path}`);
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece);
    if (proxy.silent) return;
    const body = Buffer.concat(pieces).toString('utf8');
    const authorization = username ? { authorization: `Basic ${btoa(`${username}:${password}`)}` } : {};
    const honest = await fetch(origin + path, {
      method: request.method ?? 'GET',
      headers: authorization,
      ...(request.method === 'POST' && { body }),
    });
    const passed: ProxiedAnswer = { status: honest.status, body: await honest.text() };
    await proxy.slow;
    const told = proxy.lie?.(path, passed, body) ?? passed;
    response.writeHead(told.status, { ...told.headers });
    response.end(told.body);
  }

  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy());
  });
  const listening = await listenOnLoopback(server, 0);
  const proxy: LyingProxy = { ...listening, silent: false, slow: undefined, lie: undefined, requests };
  return proxy;
}
