import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import { gatewayEvent, matchRoute } from './gateway-event.ts';
import { HANDLERS } from './handlers.ts';
import { type LocalServer, listenOnLoopback } from './listen.ts';

/** API Gateway's own bound on a request's body. */
const MAX_REQUEST_BYTES = 10 * 1024 * 1024;

/** Stands in for API Gateway: HTTP in, version 2.0 events for the very handlers that are deployed, their answers out. */
export async function startGateway(port: number): Promise<LocalServer> {
  const server = createServer((request, response) => {
    respond(request, response).catch((error) => {
      // API Gateway's words for a function that failed without an answer.
      console.error(error);
      send(response, { statusCode: 500, body: '{"message":"Internal Server Error"}' });
    });
  });
  return listenOnLoopback(server, port);
}

async function respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = (request.url ?? '/').replace(/\?.*$/, '');
  if (request.method === 'OPTIONS') return send(response, { statusCode: 204 });
  const match = matchRoute(request.method ?? '', path);
  if (!match) return send(response, { statusCode: 404, body: '{"message":"Not Found"}' });
  const body = await readBody(request);
  if (!body) return send(response, { statusCode: 413, body: '{"message":"Request Too Long"}' });
  const load = Object.entries(HANDLERS).find(([name]) => name === match.route.functionName)?.[1];
  if (!load) throw new Error(`no function ${match.route.functionName}`);
  const { handler } = await load();
  send(response, await handler(gatewayEvent(request, match, body)));
}

async function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of request) {
    size += piece.length;
    if (size > MAX_REQUEST_BYTES) return undefined;
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}

/** With the CORS headers that the deployed API adds, so that a page of the seller's can call it. */
function send(response: ServerResponse, answer: APIGatewayProxyStructuredResultV2): void {
  const headers = Object.entries(answer.headers ?? {}).map(([name, value]) => [name, String(value)] as const);
  response.writeHead(answer.statusCode ?? 200, {
    'content-type': 'application/json',
    'access-control-allow-origin': '*',
    'access-control-allow-methods': 'GET,POST,OPTIONS',
    'access-control-allow-headers': 'content-type,spillway-time,spillway-signature,spillway-continues',
    ...Object.fromEntries(headers),
    ...(answer.body !== undefined && { 'content-length': Buffer.byteLength(answer.body) }),
  });
  response.end(answer.body);
}
