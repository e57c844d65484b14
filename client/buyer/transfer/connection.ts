import type { Socket } from 'node:net';
import { blockBuffer, type Take } from './block-buffer.ts';
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
   * @param take what came, in order
   * @param lead bytes that the range's first byte lies beyond a border of pages, where it will be written
   * @throws TransferBroken, LinkEnded, AnswerRefused, what a write threw; the connection is closed then
   */
  get(url: URL, wanted: WantedRange, take: Take, lead: number): Promise<void>;
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
  readonly take: Take;
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
  const buffer = blockBuffer();
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
    let outcome = error;
    try {
      if (ended) giveRest(ended, error);
      // All of it had come, and had waited for the disk.
      if (error instanceof TransferBroken && ended?.left === 0) outcome = undefined;
    } catch (failure) {
      outcome = failure as Error;
    }
    buffer.clear();
    if (error || ended?.keepsAlive === false) close();
    ended?.done(outcome);
  };
  /** What came before it broke off needs not come again. */
  const giveRest = ({ take, left }: Answer, error?: Error) => {
    const came = buffer.bytes().length;
    buffer.giveNow(take, error instanceof TransferBroken && left !== undefined && came > 0 && came < left);
  };
  const close = () => {
    alive = false;
    clearTimeout(pause);
    clearInterval(watch);
    clearInterval(handing);
    socket?.destroy();
  };
  const isHeldUp = () => pause !== undefined || buffer.isWaiting();
  /** @returns false where no more may be read for now */
  const arrived = (count: number, room: Uint8Array): boolean => {
    if (!alive) return false;
    try {
      buffer.add(room, count);
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
      const bytes = buffer.bytes();
      const came = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
      const length = came.subarray(0, MAX_HEAD_BYTES).indexOf(HEAD_END);
      if (length < 0) {
        if (came.length >= MAX_HEAD_BYTES) throw new AnswerRefused('sends too long a header');
        return true;
      }
      const head = parseResponseHead(came.subarray(0, length));
      // An answer may have others before it that say only that it will come (RFC 9110, 1xx).
      const goesOn = head.status < 200 && head.status !== 101;
      buffer.cut(length + HEAD_END.length, goesOn ? 0 : current.lead);
      if (goesOn) continue;
      checkAnswer(head, current.wanted);
      current.keepsAlive = head.keepsAlive;
      current.left = current.wanted.length;
      return buffer.bytes().length === 0 || readBody(current, current.left);
    }
  };
  const readBody = (current: Answer, left: number): boolean => {
    const came = buffer.bytes().length;
    if (came > left) throw new AnswerRefused('sends more bytes than were asked for');
    if (came < left && buffer.room(options.readBytes).length > 0) return true;
    current.left = left - came;
    const given = buffer.give(current.take);
    if (typeof given === 'number') return taken(current, given);
    given.then(
      (wait) => {
        if (answer === current && taken(current, wait)) socket?.resume();
      },
      (error: Error) => {
        if (answer === current) end(error);
      },
    );
    return false;
  };
  /** @returns false where no more may be read for now */
  const taken = (current: Answer, wait: number): boolean => {
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
    buffer: () => buffer.room(answer?.left === undefined ? HEAD_ROOM : options.readBytes),
    callback: arrived,
  };

  const broken = (cause?: unknown) => end(new ConnectionLost('broke the transfer off', { cause }));
  socket = await openSocket({ server, proxy, timeout: stallTimeout, signal, onread }).catch((error) => {
    buffer.close();
    throw error;
  });
  socket.on('error', broken).on('close', broken).on('end', broken);
  // Until then something may still be read into it.
  if (!socket.closed) socket.once('close', () => buffer.close());
  if (socket.destroyed) broken();
  watch = setInterval(() => {
    // What came while this thread was busy is read first.
    setImmediate(() => {
      const stands = answer !== undefined && !isHeldUp() && progress < LEAST_PROGRESS;
      progress = 0;
      if (stands) end(new TransferBroken('stands still'));
    });
  }, stallTimeout);
  let lookedAt: Uint8Array | undefined;
  handing = setInterval(() => {
    const found = buffer.bytes();
    const isOld =
      found.length > 0 && lookedAt?.byteOffset === found.byteOffset && lookedAt.buffer === found.buffer;
    lookedAt = found;
    if (answer?.left === undefined || !isOld || isHeldUp()) return;
    try {
      answer.left -= found.length;
      if (!taken(answer, buffer.giveNow(answer.take, true))) socket?.pause();
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
        buffer.clear();
        answer = {
          wanted,
          take,
          lead,
          left: undefined,
          keepsAlive: false,
          done: (error) => (error ? reject(error) : resolve()),
        };
        // The last answer may have ended while it waited for the disk.
        if (pause === undefined) socket?.resume();
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
