import { isIP, connect as netConnect, type Socket } from 'node:net';
import { TLSSocket, connect as tlsConnect } from 'node:tls';
import { systemCode } from '../errors.ts';
import { proxyAuthorization } from './proxy.ts';
import { HEAD_END, MAX_HEAD_BYTES, parseResponseHead } from './response-head.ts';
import { AnswerRefused, TransferBroken } from './transfer-errors.ts';

export interface SocketOptions {
  readonly server: URL;
  readonly proxy: URL | undefined;
  /** Milliseconds until it must be open. */
  readonly timeout: number;
  readonly signal: AbortSignal;
  /** Without one, what arrives is read from the socket. */
  readonly onread?: Reader;
}

/** Takes what arrives in a buffer of its own, without a new one for each piece. */
export interface Reader {
  /** Room for what comes next. */
  buffer(): Uint8Array;
  /**
   * @param room that it came into
   * @returns false where no more may be read for now
   */
  callback(count: number, room: Uint8Array): boolean;
}

/**
 * Opens a connection to a server: directly, or through a proxy, which only TLS needs to be told of beforehand. The server's
 * certificate must be valid for its name by what Node trusts, NODE_EXTRA_CA_CERTS included; no variable turns that off.
 * @throws TransferBroken, AnswerRefused
 */
export async function openSocket({ server, proxy, timeout, signal, onread }: SocketOptions): Promise<Socket> {
  const secure = server.protocol === 'https:';
  const reader = onread && { onread };
  if (!secure && !proxy) {
    return opened(netConnect({ ...addressOf(server), noDelay: true, ...reader }), 'connect', timeout, signal);
  }
  if (proxy && !secure) return openToProxy(proxy, reader, timeout, signal);
  const name = hostOf(server);
  const security = {
    rejectUnauthorized: true,
    ALPNProtocols: ['http/1.1'],
    ...(isIP(name) === 0 && { servername: name }),
    host: name,
    ...reader,
  };
  if (!proxy) {
    const { port } = addressOf(server);
    return opened(tlsConnect({ ...security, port }).setNoDelay(), 'secureConnect', timeout, signal);
  }
  const plain = await openToProxy(proxy, undefined, timeout, signal);
  await openTunnel(plain, server, proxy, timeout, signal);
  const socket = await opened(tlsConnect({ ...security, socket: plain }), 'secureConnect', timeout, signal);
  if (!onread) return socket;
  // Over another socket Node leaves `onread` aside (https://nodejs.org/api/tls.html, tls.connect).
  return socket.on('data', (bytes: Buffer) => {
    if (!handOver(bytes, onread)) socket.pause();
  });
}

async function openToProxy(
  proxy: URL,
  reader: { readonly onread: Reader } | undefined,
  timeout: number,
  signal: AbortSignal,
): Promise<Socket> {
  const socket = netConnect({ ...addressOf(proxy), noDelay: true, ...reader });
  try {
    return await opened(socket, 'connect', timeout, signal);
  } catch (error) {
    // It is not the server that is out of reach: who reads this must look elsewhere.
    if (!(error instanceof TransferBroken) || signal.aborted) throw error;
    throw new TransferBroken(`is behind a proxy that ${error.message}`, { cause: error.cause });
  }
}

function handOver(bytes: Buffer, reader: Reader): boolean {
  let goesOn = true;
  for (let at = 0; at < bytes.length; ) {
    const room = reader.buffer();
    const count = bytes.copy(room, 0, at);
    at += count;
    goesOn = reader.callback(count, room) && goesOn;
  }
  return goesOn;
}

function opened(
  socket: Socket,
  event: 'connect' | 'secureConnect',
  timeout: number,
  signal: AbortSignal,
): Promise<Socket> {
  // Between being open and having an owner it may break: nobody's error would end the process.
  socket.on('error', () => undefined);
  return settled(socket, timeout, signal, (done) => socket.once(event, () => done(socket)));
}

/** Waits for something on a socket that may fail, stand still or be given up meanwhile; then it is destroyed. */
function settled<T>(
  socket: Socket,
  timeout: number,
  signal: AbortSignal,
  listen: (done: (value: T) => void, fail: (error: Error) => void) => void,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const leave = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', stop);
      socket.removeListener('error', broken).removeListener('close', broken);
    };
    const fail = (error: Error) => {
      leave();
      socket.destroy();
      reject(error);
    };
    const stop = () => fail(new TransferBroken('was given up'));
    const broken = (cause?: unknown) => fail(failureOf(socket, cause));
    const timer = setTimeout(() => fail(new TransferBroken('does not answer')), timeout);
    socket.once('error', broken).once('close', broken);
    if (signal.aborted) return stop();
    signal.addEventListener('abort', stop, { once: true });
    listen((value) => {
      leave();
      resolve(value);
    }, fail);
  });
}

function failureOf(socket: Socket, cause: unknown): Error {
  const reason = reasonOf(cause);
  // A certificate will be no better the next time; what OpenSSL says of it is what a person needs to know.
  if (socket instanceof TLSSocket && socket.authorizationError) {
    return new AnswerRefused(`has no certificate that is valid here${reason}`);
  }
  return new TransferBroken(`cannot be reached${reason}`, { cause });
}

/** Where several addresses were tried in vain there is no message of all, only a code. */
function reasonOf(cause: unknown): string {
  if (typeof cause !== 'object' || cause === null) return '';
  const message = 'message' in cause && typeof cause.message === 'string' ? cause.message : '';
  const reason = message || systemCode(cause);
  return reason ? `: ${reason}` : '';
}

/** Asks a proxy for a way to a server (RFC 9110, CONNECT). */
function openTunnel(
  socket: Socket,
  server: URL,
  proxy: URL,
  timeout: number,
  signal: AbortSignal,
): Promise<void> {
  const target = `${server.hostname}:${portOf(server)}`;
  const authorization = proxyAuthorization(proxy);
  const lines = [`CONNECT ${target} HTTP/1.1`, `Host: ${target}`];
  if (authorization !== undefined) lines.push(`Proxy-Authorization: ${authorization}`);
  return settled(socket, timeout, signal, (done, fail) => {
    let head = Buffer.alloc(0);
    const read = (bytes: Buffer) => {
      head = Buffer.concat([head, bytes]);
      const end = head.indexOf(HEAD_END);
      if (end < 0 && head.length <= MAX_HEAD_BYTES) return;
      socket.removeListener('data', read).pause();
      try {
        checkTunnel(head, end);
        done(undefined);
      } catch (error) {
        fail(error as Error);
      }
    };
    socket.on('data', read).write(`${lines.join('\r\n')}\r\n\r\n`);
  });
}

function checkTunnel(head: Buffer, end: number): void {
  if (end < 0) throw new AnswerRefused('is behind a proxy that sends too long a header');
  const { status } = parseResponseHead(head.subarray(0, end));
  if (status === 407) throw new AnswerRefused('is behind a proxy that wants a name and a password');
  if (status >= 500) throw new TransferBroken(`is behind a proxy that answers with status ${status}`);
  if (status < 200 || status > 299) {
    throw new AnswerRefused(`is behind a proxy that answers with status ${status}`);
  }
  // In TLS the client speaks first.
  if (head.length > end + HEAD_END.length) throw new AnswerRefused('is behind a proxy that speaks unasked');
}

function hostOf({ hostname }: URL): string {
  return hostname.replace(/^\[|\]$/g, '');
}

function addressOf(url: URL): { readonly host: string; readonly port: number } {
  return { host: hostOf(url), port: portOf(url) };
}

function portOf({ port, protocol }: URL): number {
  return port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port);
}
