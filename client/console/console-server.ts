import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type LocalServer, listenOnLoopback } from '../../local/listen.ts';
import { MAX_BODY_BYTES } from '../../shared/limits.ts';
import type { ConsoleCall, ConsoleCalls } from './console-calls.ts';
import type { PageFile } from './console-page-files.ts';
import { bodyRefusal, callRefusal, isSameSecret, type Refusal, strangerRefusal } from './guards.ts';

/** The page loads what this server serves and nothing else, and nobody frames it. */
const HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-store',
};

export interface ConsoleServer extends LocalServer {
  /** The page's address with the one token that opens it, in the fragment, which no browser sends or tells on. */
  readonly address: string;
}

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string | Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * Serves the seller's console on loopback, at a port of the system's choice. The page itself holds nothing and anybody on this
 * machine may have it; calls need the key of the session, which is given out once, for the token.
 * @param page its files by path
 */
export async function startConsole(
  calls: ConsoleCalls,
  page: ReadonlyMap<string, PageFile>,
): Promise<ConsoleServer> {
  const session: Session = { token: secret(), key: undefined };
  const server = createServer((request, response) => {
    answerTo(request, { calls, page, session }).then(
      (answer) => write(response, answer),
      // Whoever asked is gone.
      () => response.destroy(),
    );
  });
  const listening = await listenOnLoopback(server, 0);
  return { ...listening, address: `${listening.url}/#${session.token}` };
}

interface Session {
  /** Until somebody has used it. */
  token: string | undefined;
  key: string | undefined;
}

interface Surroundings {
  readonly calls: ConsoleCalls;
  readonly page: ReadonlyMap<string, PageFile>;
  readonly session: Session;
}

async function answerTo(request: IncomingMessage, around: Surroundings): Promise<Answer> {
  const asked = { method: request.method ?? '', headers: request.headers };
  const stranger = strangerRefusal(asked, `127.0.0.1:${request.socket.localPort}`);
  if (stranger) return refused(stranger);
  const path = request.url ?? '';
  const file = around.page.get(path);
  if (file) return asked.method === 'GET' ? { status: 200, ...file } : wrongMethod('GET');
  if (path === '/api/session') return openSession(request, around.session);
  const call = path.startsWith('/api/') ? around.calls.get(path.slice('/api/'.length)) : undefined;
  if (!call) return refused({ status: 404, reason: 'There is nothing of this name.' });
  if (asked.method !== call.method) return wrongMethod(call.method);
  const refusal = callRefusal(asked, around.session.key);
  return refusal ? refused(refusal) : run(call, request);
}

async function run(call: ConsoleCall, request: IncomingMessage): Promise<Answer> {
  const body = call.method === 'POST' ? await readBody(request) : {};
  if (!body)
    return refused({ status: 413, reason: `No more than ${MAX_BODY_BYTES} bytes of JSON are read.` });
  const { status, document } = await call.run(body);
  return json(status, document);
}

/** Whoever shows the token gets the session's key; nobody after that. */
async function openSession(request: IncomingMessage, session: Session): Promise<Answer> {
  if (request.method !== 'POST') return wrongMethod('POST');
  const refusal = bodyRefusal(request.headers);
  if (refusal) return refused(refusal);
  const body = await readBody(request);
  const given =
    typeof body === 'object' && 'token' in body && typeof body.token === 'string' ? body.token : '';
  if (session.token === undefined || !isSameSecret(given, session.token)) {
    return refused({ status: 403, reason: 'This address was used already, or is not complete.' });
  }
  session.token = undefined;
  session.key = secret();
  return json(200, { key: session.key });
}

/** @returns undefined where it is longer than any request of ours, or no JSON object */
async function readBody(request: IncomingMessage): Promise<object | undefined> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of request as AsyncIterable<Uint8Array>) {
    length += part.length;
    if (length > MAX_BODY_BYTES) return undefined;
    parts.push(part);
  }
  try {
    const value: unknown = JSON.parse(Buffer.concat(parts).toString('utf8'));
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

function write(response: ServerResponse, { status, type, body, headers }: Answer): void {
  response.writeHead(status, { ...HEADERS, 'content-type': type, ...headers });
  response.end(body);
}

function refused({ status, reason }: Refusal): Answer {
  return json(status, { error: { message: reason } });
}

function wrongMethod(allowed: string): Answer {
  return { ...refused({ status: 405, reason: `Only ${allowed} is answered.` }), headers: { allow: allowed } };
}

/** JSON has no bigint: money is text. */
function json(status: number, value: unknown): Answer {
  const body = JSON.stringify(value, (_, member: unknown) =>
    typeof member === 'bigint' ? member.toString() : member,
  );
  return { status, type: 'application/json', body };
}

function secret(): string {
  return randomBytes(32).toString('base64url');
}
