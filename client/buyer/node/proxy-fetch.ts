import { Agent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { openSocket } from '../transfer/open-socket.ts';
import { type ProxyEnvironment, proxyAuthorization, proxyFor } from '../transfer/proxy.ts';
import { AnswerRefused, TransferBroken } from '../transfer/transfer-errors.ts';

/** Milliseconds until a connection must be open. */
const CONNECT_TIMEOUT = 30_000;

/** What says who stands in between (RFC 9110, 502 to 504); a shop that says so itself sends a problem document. */
const GATEWAY_STATUSES: readonly number[] = [502, 503, 504];

/** These have no body (https://fetch.spec.whatwg.org/#null-body-status). */
const NO_BODY_STATUSES: readonly number[] = [204, 205];

/**
 * `fetch` by the rules of the data's own connections: through the proxy that the environment names for a server, and the
 * platform's own where it names none. Through a proxy no redirect is followed, whatever is asked for.
 * @throws TransferBroken, AnswerRefused; BuyerError usage where the address of the proxy is none
 */
export function proxyFetch(environment: ProxyEnvironment): typeof globalThis.fetch {
  const agents = new Map<string, Agent>();
  return async (input, init) => {
    const server = new URL(input instanceof Request ? input.url : input);
    const proxy = proxyFor(server, environment);
    if (!proxy) return fetch(input, init);
    const agent = agents.get(server.origin) ?? proxyAgent(server, proxy);
    agents.set(server.origin, agent);
    return responseOf(await exchange(server, proxy, agent, new Request(input, init), init?.signal));
  };
}

/** Keeps connections, which through a proxy cost three journeys before the first byte. */
function proxyAgent(server: URL, proxy: URL): Agent {
  const agent = new Agent({ keepAlive: true });
  agent.createConnection = ({ signal = new AbortController().signal }, done) => {
    openSocket({ server, proxy, timeout: CONNECT_TIMEOUT, signal }).then(
      (socket) => done?.(null, socket),
      (error: Error) => done?.(error, undefined as never),
    );
    return undefined;
  };
  return agent;
}

async function exchange(
  server: URL,
  proxy: URL,
  agent: Agent,
  asked: Request,
  signal: AbortSignal | null | undefined,
): Promise<IncomingMessage> {
  const body = new Uint8Array(await asked.arrayBuffer());
  const isPlain = server.protocol === 'http:';
  const path = `${server.pathname}${server.search}`;
  const authorization = isPlain ? proxyAuthorization(proxy) : undefined;
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    httpRequest({
      agent,
      host: server.hostname,
      port: server.port,
      method: asked.method,
      // What is not in a tunnel names the server (RFC 9112, absolute form).
      path: isPlain ? `${server.origin}${path}` : path,
      headers: {
        ...Object.fromEntries(asked.headers),
        host: server.host,
        ...(authorization !== undefined && { 'proxy-authorization': authorization }),
      },
      ...(signal && { signal }),
    })
      .on('response', resolve)
      .on('error', reject)
      .end(body.length > 0 ? body : undefined);
  });
  try {
    checkStatus(answer, isPlain);
  } catch (error) {
    answer.destroy();
    throw error;
  }
  return answer;
}

/** In a tunnel only the server speaks; a plain answer may be the proxy's own. */
function checkStatus({ statusCode: status = 0, headers }: IncomingMessage, isPlain: boolean): void {
  if (status >= 300 && status < 400) throw new AnswerRefused('redirects to another place');
  if (!isPlain) return;
  if (status === 407) throw new AnswerRefused('is behind a proxy that wants a name and a password');
  if (GATEWAY_STATUSES.includes(status) && !headers['content-type']?.startsWith('application/problem+json')) {
    throw new TransferBroken(`is behind a proxy, and one of them answers with status ${status}`);
  }
}

function responseOf(answer: IncomingMessage): Response {
  const status = answer.statusCode ?? 0;
  const headers = new Headers();
  for (let at = 0; at + 1 < answer.rawHeaders.length; at += 2) {
    headers.append(answer.rawHeaders[at] ?? '', answer.rawHeaders[at + 1] ?? '');
  }
  if (!NO_BODY_STATUSES.includes(status)) {
    return new Response(Readable.toWeb(answer) as ReadableStream<Uint8Array>, { status, headers });
  }
  answer.resume();
  return new Response(null, { status, headers });
}
