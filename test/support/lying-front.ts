import { request as call, createServer, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { type LocalServer, listenOnLoopback } from '../../local/listen.ts';

/** What stands in JSON; a lie changes it where it likes. */
// biome-ignore lint/suspicious/noExplicitAny: a document of the API before anybody has parsed it
export type Document = any;

export interface Lies {
  /** Another answer than the shop's honest one. */
  answer?: (path: string, honest: Document) => Document;
  /** An answer in the shop's place, which never hears of the request; undefined lets it pass. */
  instead?: (path: string) => { readonly status: number; readonly document: Document } | undefined;
  /** Other bytes than the object store's. */
  bytes?: (path: string, honest: Buffer) => Uint8Array;
}

/** A shop that lies: it stands before an honest one and its object store, and says what it is told to in their place. */
export interface LyingFront extends LocalServer {
  lies: Lies;
  /** Method and path of every request to the shop, in order; ids as stars. */
  readonly requests: string[];
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export async function startLyingFront(honest: {
  readonly url: string;
  readonly objectsUrl: string;
}): Promise<LyingFront> {
  const requests: string[] = [];
  const shopHost = new URL(honest.url).host;
  const objectsHost = new URL(honest.objectsUrl).host;

  async function ofObjects(path: string, request: IncomingMessage): Promise<Answer> {
    // The link is signed for the store's own host.
    const headers = { ...request.headers, host: objectsHost };
    const answer = await pass(objectsHost, request, headers);
    const body = Buffer.from(front.lies.bytes?.(path, answer.body) ?? answer.body);
    return { ...answer, body, headers: { ...answer.headers, 'content-length': `${body.length}` } };
  }

  async function ofShop(path: string, request: IncomingMessage): Promise<Answer> {
    requests.push(`${request.method} ${path.replaceAll(/[0-9a-f]{64}/g, '*')}`);
    const instead = front.lies.instead?.(path);
    if (instead) {
      request.resume();
      return json(instead.status, instead.document);
    }
    const { status, body } = await pass(shopHost, request, request.headers);
    const text = body.toString('utf8').replaceAll(honest.objectsUrl, front.url);
    const document = JSON.parse(text);
    return json(status, status === 200 ? (front.lies.answer?.(path, document) ?? document) : document);
  }

  const server = createServer((request, response) => {
    const path = request.url ?? '/';
    const answering = path.startsWith('/spillway-datasets/')
      ? ofObjects(path, request)
      : ofShop(path, request);
    answering.then(
      ({ status, headers, body }) => response.writeHead(status, headers).end(body),
      () => response.destroy(),
    );
  });
  const front: LyingFront = { ...(await listenOnLoopback(server, 0)), lies: {}, requests };
  return front;
}

function json(status: number, document: Document): Answer {
  return {
    status,
    headers: { 'content-type': 'application/json' },
    body: Buffer.from(JSON.stringify(document)),
  };
}

/** The request as it came, to another server. */
function pass(host: string, incoming: IncomingMessage, headers: IncomingHttpHeaders): Promise<Answer> {
  const { hostname, port } = new URL(`http://${host}`);
  const { method = 'GET', url: path = '/' } = incoming;
  return new Promise((resolve, reject) => {
    const outgoing = call({ hostname, port, method, path, headers, agent: false }, (answer) => {
      const pieces: Buffer[] = [];
      answer.on('data', (piece: Buffer) => pieces.push(piece));
      answer.on('error', reject);
      answer.on('end', () =>
        resolve({
          status: answer.statusCode ?? 500,
          headers: answer.headers,
          body: Buffer.concat(pieces),
        }),
      );
    });
    outgoing.on('error', reject);
    incoming.pipe(outgoing);
  });
}
