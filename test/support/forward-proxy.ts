import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import type { Duplex } from 'node:stream';

/** A forward proxy as companies have them: it passes on plain requests in the absolute form and opens tunnels. */
export interface ForwardProxy {
  readonly url: string;
  /** What was asked of it: `GET http://…`, `CONNECT host:port`. */
  readonly requests: string[];
  /** What it wants to be told in Proxy-Authorization. */
  credentials?: string;
  /** Passes requests on without their Range. */
  stripsRange?: boolean;
  /** Answers a CONNECT instead of opening the tunnel. */
  tunnelAnswer?: string;
  /** Answers a plain request instead of passing it on. */
  plainStatus?: number;
  stop(): Promise<void>;
}

export async function startForwardProxy(): Promise<ForwardProxy> {
  const sockets = new Set<Duplex>();
  const server = createServer((request, response) => {
    self.requests.push(`${request.method} ${request.url}`);
    if (isStranger(request)) return void response.writeHead(407).end();
    if (self.plainStatus) return void response.writeHead(self.plainStatus).end('no way');
    forward(request, response);
  });
  server.on('connect', (request: IncomingMessage, client: Duplex) => {
    self.requests.push(`CONNECT ${request.url}`);
    if (isStranger(request)) return void client.end('HTTP/1.1 407 Who are you\r\n\r\n');
    if (self.tunnelAnswer) return void client.write(self.tunnelAnswer, 'latin1');
    const [host = '', port = ''] = (request.url ?? '').split(':');
    const upstream = connect(Number(port), host, () => {
      client.write('HTTP/1.1 200 Connection established\r\nVia: test\r\n\r\n');
      client.pipe(upstream).pipe(client);
    });
    sockets.add(upstream);
    client.on('error', () => upstream.destroy());
    upstream.on('error', () => client.destroy());
  });
  server.on('connection', (socket: Duplex) => {
    sockets.add(socket);
    // A client that goes away is its own business.
    socket.on('error', () => undefined);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const self: ForwardProxy = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests: [],
    async stop() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  const isStranger = ({ headers }: IncomingMessage) =>
    self.credentials !== undefined && headers['proxy-authorization'] !== self.credentials;

  function forward(request: IncomingMessage, response: ServerResponse): void {
    const { 'proxy-authorization': _, range, ...headers } = request.headers;
    const outgoing = httpRequest(
      request.url ?? '',
      {
        method: request.method,
        headers: self.stripsRange || range === undefined ? headers : { ...headers, range },
      },
      (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response);
      },
    );
    outgoing.on('error', () => response.destroy());
    response.on('close', () => outgoing.destroy());
    request.pipe(outgoing);
  }
  return self;
}
