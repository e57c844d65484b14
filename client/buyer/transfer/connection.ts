import type { Socket } from 'node:net';
import { BLOCK_BYTES, giveBackBlock, takeBlock } from './aligned-memory.ts';
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
   * @param lead bytes that the range's first byte lies beyond a border of pages, where it will be written
   * @throws TransferBroken, LinkEnded, AnswerRefused; the connection is closed then
   */
  get(url: URL, wanted: WantedRange, take: (bytes: Uint8Array) => number, lead: number): Promise<void>;
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

/** A connection that brings fewer bytes than this in the time it may stand still does stand still: a drip never ends. */
const LEAST_PROGRESS = 1024;

/** Room for an answer's head and what comes with it. TLS records are 16 KiB. */
const HEAD_ROOM = MAX_HEAD_BYTES + 32 * 1024;

/** Milliseconds after which what came waits for no more: a slow line's bytes are on the disk soon, too. */
const HAND_OVER_EVERY = 250;

interface Answer {
  readonly wanted: WantedRange;
  readonly take: (bytes: Uint8Array) => number;
  readonly lead: number;
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
  const block = takeBlock();
  const buffer = Buffer.from(block.buffer);
  /** What nobody has looked at lies between these two. */
  let begin = 0;
  let filled = 0;
  let answer: Answer | undefined;
  let alive = true;
  let socket: Socket | undefined;
  let pause: NodeJS.Timeout | undefined;
  /** Bytes that came since the last look at whether it stands still. */
  let progress = 0;
  let watch: NodeJS.Timeout | undefined;
  let handing: NodeJS.Timeout | undefined;

  const end = (error?: Error) => {
    const ended = answer;
    answer = undefined;
    // What came before it broke off needs not come again.
    const came = filled - begin;
    if (error instanceof TransferBroken && ended?.left !== undefined && came > 0 && came < ended.left) {
      ended.take(buffer.subarray(begin, filled));
    }
    begin = 0;
    filled = 0;
    if (error || ended?.keepsAlive === false) close();
    ended?.done(error);
  };
  const close = () => {
    alive = false;
    clearTimeout(pause);
    clearInterval(watch);
    clearInterval(handing);
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
      const body = length + HEAD_END.length;
      // An answer may have others before it that say only that it will come (RFC 9110, 1xx).
      const goesOn = head.status < 200 && head.status !== 101;
      begin = goesOn ? 0 : current.lead;
      buffer.copyWithin(begin, body, filled);
      filled = begin + filled - body;
      if (goesOn) continue;
      checkAnswer(head, current.wanted);
      current.keepsAlive = head.keepsAlive;
      current.left = current.wanted.length;
      return filled === begin || readBody(current, current.left);
    }
  };
  const roomEnd = () => Math.min(BLOCK_BYTES, begin + options.readBytes);
  const readBody = (current: Answer, left: number): boolean => {
    const came = filled - begin;
    if (came > left) throw new AnswerRefused('sends more bytes than were asked for');
    if (came < left && filled < roomEnd()) return true;
    return handOver(current, left);
  };
  /** @returns false where no more may be read for now */
  const handOver = (current: Answer, left: number): boolean => {
    const came = filled - begin;
    const wait = current.take(buffer.subarray(begin, filled));
    current.left = left - came;
    begin = filled === BLOCK_BYTES ? 0 : filled;
    filled = begin;
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
    buffer: () => buffer.subarray(filled, answer?.left === undefined ? HEAD_ROOM : roomEnd()),
    callback: arrived,
  };

  const broken = (cause?: unknown) => end(new ConnectionLost('broke the transfer off', { cause }));
  socket = await openSocket({ server, proxy, timeout: stallTimeout, signal, onread }).catch((error) => {
    giveBackBlock(block);
    throw error;
  });
  socket.on('error', broken).on('close', broken).on('end', broken);
  // Until then something may still be read into it.
  if (!socket.closed) socket.once('close', () => giveBackBlock(block));
  if (socket.destroyed) broken();
  watch = setInterval(() => {
    // What came while this thread was busy is read first.
    setImmediate(() => {
      const stands = answer !== undefined && pause === undefined && progress < LEAST_PROGRESS;
      progress = 0;
      if (stands) end(new TransferBroken('stands still'));
    });
  }, stallTimeout);
  handing = setInterval(() => {
    if (answer?.left === undefined || filled === begin) return;
    try {
      if (!handOver(answer, answer.left)) socket?.pause();
    } catch (error) {
      end(error as Error);
    }
  }, HAND_OVER_EVERY);
  // A connection that waits for work must not keep the process.
  watch.unref();
  handing.unref();

  return {
    origin: server.origin,
    isOpen: () => alive,
    close() {
      if (answer) end(new TransferBroken('was given up'));
      else close();
    },
    get: (url, wanted, take, lead) =>
      new Promise((resolve, reject) => {
        if (!alive) return reject(new ConnectionLost('broke the transfer off'));
        progress = LEAST_PROGRESS;
        begin = 0;
        filled = 0;
        answer = {
          wanted,
          take,
          lead,
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
