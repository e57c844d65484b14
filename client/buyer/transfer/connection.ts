import type { Socket } from 'node:net';
import { checkAnswer, type WantedRange } from './check-answer.ts';
import { openSocket } from './open-socket.ts';
import { type ProxyEnvironment, proxyAuthorization, proxyFor } from './proxy.ts';
import { HEAD_END, MAX_HEAD_BYTES, parseResponseHead } from './response-head.ts';
import { AnswerRefused, ConnectionLost, TransferBroken } from './transfer-errors.ts';

/**
 * One connection to a server, which asks for one range after another. node:http costs half as much processor time again for
 * the same bytes: here what arrives lies in one buffer until it is hashed and written.
 */
export interface Connection {
  /** Protocol, host and port that it goes to. */
  readonly origin: string;
  /** The server takes another request on it. */
  isOpen(): boolean;
  /**
   * @param take what came, in order; answers the milliseconds to wait before more is read
   * @throws TransferBroken, LinkEnded, AnswerRefused; the connection is closed then
   */
  get(url: URL, wanted: WantedRange, take: (bytes: Uint8Array) => number): Promise<void>;
  /** Ends what is under way with TransferBroken. */
  close(): void;
}

export interface ConnectionOptions {
  readonly environment: ProxyEnvironment;
  /** Milliseconds in which something must come. */
  readonly stallTimeout: number;
  /** Bytes that are read at once at most. */
  readonly readBytes: number;
}

/** Large enough that hashing and writing cost few calls, small enough for the processor's cache. */
export const BUFFER_BYTES = 256 * 1024;

/** A connection that brings fewer bytes than this in the time it may stand still does stand still: a drip never ends. */
const LEAST_PROGRESS = 1024;

/** Room that a read should find; less, and what is there is handed on first. TLS records are 16 KiB. */
const READ_ROOM = 32 * 1024;

interface Answer {
  readonly wanted: WantedRange;
  readonly take: (bytes: Uint8Array) => number;
  readonly done: (error?: Error) => void;
  /** Bytes of the body to come; undefined while the head is not complete. */
  left: number | undefined;
  keepsAlive: boolean;
}

/** @throws TransferBroken, AnswerRefused, BuyerError usage */
export async function openConnection(
  server: URL,
  options: ConnectionOptions,
  signal: AbortSignal,
): Promise<Connection> {
  const { environment, stallTimeout } = options;
  const proxy = proxyFor(server, environment);
  const buffer = Buffer.allocUnsafeSlow(BUFFER_BYTES);
  /** Bytes in the buffer that nobody has looked at. */
  let filled = 0;
  let answer: Answer | undefined;
  let alive = true;
  let socket: Socket | undefined;
  let pause: NodeJS.Timeout | undefined;
  /** Bytes that came since the last look at whether it stands still. */
  let progress = 0;
  let watch: NodeJS.Timeout | undefined;

  const end = (error?: Error) => {
    const ended = answer;
    answer = undefined;
    // What came before it broke off needs not come again.
    if (error instanceof TransferBroken && ended?.left !== undefined && filled > 0 && filled < ended.left) {
      ended.take(buffer.subarray(0, filled));
    }
    filled = 0;
    if (error || ended?.keepsAlive === false) close();
    ended?.done(error);
  };
  const close = () => {
    alive = false;
    clearTimeout(pause);
    clearInterval(watch);
    socket?.destroy();
  };
  /** @returns false where no more may be read for now */
  const arrived = (count: number): boolean => {
    if (!alive) return false;
    try {
      filled += count;
      progress += count;
      if (!answer) throw new AnswerRefused('speaks unasked');
      return answer.left === undefined ? readHead(answer) : readBody(answer, answer.left);
    } catch (error) {
      end(error as Error);
      return false;
    }
  };
  const readHead = (current: Answer): boolean => {
    for (;;) {
      const length = buffer.subarray(0, Math.min(filled, MAX_HEAD_BYTES)).indexOf(HEAD_END);
      if (length < 0) {
        if (filled >= MAX_HEAD_BYTES) throw new AnswerRefused('sends too long a header');
        return true;
      }
      const head = parseResponseHead(buffer.subarray(0, length));
      buffer.copyWithin(0, length + HEAD_END.length, filled);
      filled -= length + HEAD_END.length;
      // An answer may have others before it that say only that it will come (RFC 9110, 1xx).
      if (head.status < 200 && head.status !== 101) continue;
      checkAnswer(head, current.wanted);
      current.keepsAlive = head.keepsAlive;
      current.left = current.wanted.length;
      return filled === 0 || readBody(current, current.left);
    }
  };
  const readBody = (current: Answer, left: number): boolean => {
    if (filled > left) throw new AnswerRefused('sends more bytes than were asked for');
    if (filled < left && filled + READ_ROOM <= Math.min(BUFFER_BYTES, options.readBytes)) return true;
    const wait = current.take(buffer.subarray(0, filled));
    current.left = left - filled;
    filled = 0;
    if (current.left === 0) {
      end();
      return true;
    }
    if (wait === 0) return true;
    clearTimeout(pause);
    pause = setTimeout(() => {
      pause = undefined;
      socket?.resume();
    }, wait);
    return false;
  };
  const onread = {
    buffer: () =>
      buffer.subarray(filled, Math.max(filled + READ_ROOM, Math.min(BUFFER_BYTES, options.readBytes))),
    callback: arrived,
  };

  const broken = (cause?: unknown) => end(new ConnectionLost('broke the transfer off', { cause }));
  socket = await openSocket({ server, proxy, timeout: stallTimeout, signal, onread });
  socket.on('error', broken).on('close', broken).on('end', broken);
  if (socket.destroyed) broken();
  watch = setInterval(() => {
    // What came while this thread was busy is read first.
    setImmediate(() => {
      const stands = answer !== undefined && pause === undefined && progress < LEAST_PROGRESS;
      progress = 0;
      if (stands) end(new TransferBroken('stands still'));
    });
  }, stallTimeout);
  // A connection that waits for work must not keep the process.
  watch.unref();

  return {
    origin: server.origin,
    isOpen: () => alive,
    close() {
      if (answer) end(new TransferBroken('was given up'));
      else close();
    },
    get: (url, wanted, take) =>
      new Promise((resolve, reject) => {
        if (!alive) return reject(new ConnectionLost('broke the transfer off'));
        progress = LEAST_PROGRESS;
        filled = 0;
        answer = {
          wanted,
          take,
          left: undefined,
          keepsAlive: false,
          done: (error) => (error ? reject(error) : resolve()),
        };
        socket?.write(requestText(url, wanted, proxy));
      }),
  };
}

/** In the absolute form where a proxy passes it on (RFC 9112, section 3.2.2); through a tunnel the server itself reads it. */
function requestText(url: URL, { start, length }: WantedRange, proxy: URL | undefined): string {
  const forwarded = proxy && url.protocol === 'http:';
  const target = `${forwarded ? url.origin : ''}${url.pathname}${url.search}`;
  const authorization = forwarded ? proxyAuthorization(proxy) : undefined;
  const lines = [
    `GET ${target} HTTP/1.1`,
    `Host: ${url.host}`,
    `Range: bytes=${start}-${start + length - 1}`,
    'Accept-Encoding: identity',
    ...(authorization === undefined ? [] : [`Proxy-Authorization: ${authorization}`]),
  ];
  return `${lines.join('\r\n')}\r\n\r\n`;
}
