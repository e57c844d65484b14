import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';

export interface RangeRequest {
  /** As the request line has it. */
  readonly target: string;
  readonly headers: ReadonlyMap<string, string>;
  readonly from: number;
  readonly to: number;
  /** Counted from 1, in the order they were opened. */
  readonly connection: number;
}

/** An object store of one object, down on the bytes of the connection, so that a test can break whatever it likes. */
export interface RangeServer {
  readonly url: string;
  readonly port: number;
  readonly requests: RangeRequest[];
  /** Answers instead of the object, where it returns true. */
  instead: (request: RangeRequest, socket: Socket) => boolean;
  /** The object's bytes, as they are sent. */
  object: Uint8Array;
  /** Bytes of answers that were handed to the system. */
  sent(): number;
  stop(): Promise<void>;
}

/** @param server of another kind, e.g. with TLS; plain TCP otherwise */
export async function startRangeServer(
  object: Uint8Array,
  make: (accept: (socket: Socket) => void) => Server = (accept) => createServer(accept),
): Promise<RangeServer> {
  const sockets: Socket[] = [];
  const accept = (socket: Socket) => {
    const connection = sockets.push(socket);
    let text = '';
    socket.setEncoding('latin1').on('data', (part: string) => {
      text += part;
      for (let end = text.indexOf('\r\n\r\n'); end >= 0; end = text.indexOf('\r\n\r\n')) {
        const request = parseRequest(text.slice(0, end), connection);
        text = text.slice(end + 4);
        self.requests.push(request);
        if (!self.instead(request, socket)) sendRange(request, socket, self.object);
      }
    });
    // A reader that goes away is its own business.
    socket.on('error', () => undefined);
  };
  const server = make(accept);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const self: RangeServer = {
    url: `http://127.0.0.1:${port}/object`,
    port,
    requests: [],
    instead: () => false,
    object,
    sent: () => sockets.reduce((sum, { bytesWritten }) => sum + bytesWritten, 0),
    async stop() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return self;
}

function parseRequest(head: string, connection: number): RangeRequest {
  const [first = '', ...lines] = head.split('\r\n');
  const headers = new Map(
    lines.map((line): [string, string] => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    }),
  );
  const [, from = '', to = ''] = /^bytes=(\d+)-(\d+)$/.exec(headers.get('range') ?? '') ?? [];
  return { target: first.split(' ')[1] ?? '', headers, from: Number(from), to: Number(to), connection };
}

/** A right answer's head. */
export function rangeHead({ from, to }: RangeRequest, size: number, further = ''): string {
  return `HTTP/1.1 206 Partial Content\r\nContent-Length: ${to - from + 1}\r\nContent-Range: bytes ${from}-${to}/${size}\r\n${further}\r\n`;
}

export function sendRange(request: RangeRequest, socket: Socket, object: Uint8Array): void {
  socket.write(rangeHead(request, object.length), 'latin1');
  socket.write(object.subarray(request.from, request.to + 1));
}
