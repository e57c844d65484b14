import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { BuyerError, systemCode } from './errors.ts';

/** A link that starts no new transfer: expired, or used up. A new one is free. */
export class LinkExpired extends Error {
  override readonly name = 'LinkExpired';
}

/** A transfer that broke off, or a server that is overloaded: worth another try. */
export class TransferFailed extends Error {
  override readonly name = 'TransferFailed';
}

export interface ByteRange {
  readonly start: number;
  readonly length: number;
}

/** Gets ranges of an object over connections that stay open. node:http costs half of what fetch does here. */
export interface RangedGet {
  /**
   * @param size of the whole object, bytes
   * @param take receives the bytes in order; the next wait until it is done
   * @throws LinkExpired, TransferFailed, BuyerError bad-data
   */
  get(
    url: string,
    range: ByteRange,
    size: number,
    signal: AbortSignal,
    take: (bytes: Uint8Array) => Promise<void>,
  ): Promise<void>;
  close(): void;
}

/** Milliseconds without a byte after which a connection counts as dead. */
const IDLE_TIMEOUT = 30_000;

export function rangedGet(connections: number, idleTimeout = IDLE_TIMEOUT): RangedGet {
  const options = { keepAlive: true, maxSockets: connections };
  const http = new HttpAgent(options);
  const https = new HttpsAgent(options);
  return {
    async get(url, range, size, signal, take) {
      const response = await answer(url, range, url.startsWith('https:') ? https : http, signal, idleTimeout);
      try {
        checkStatus(response, range, size);
        let received = 0;
        for await (const bytes of response as AsyncIterable<Uint8Array>) {
          received += bytes.length;
          if (received > range.length) throw badTransfer('sends more bytes than were asked for');
          await take(bytes);
        }
        if (received < range.length) throw new TransferFailed('the transfer ended early');
      } catch (error) {
        response.destroy();
        if (error instanceof BuyerError || error instanceof LinkExpired || error instanceof TransferFailed)
          throw error;
        if (isNetworkError(error)) throw new TransferFailed('the transfer broke off', { cause: error });
        throw error;
      }
    },
    close() {
      http.destroy();
      https.destroy();
    },
  };
}

function answer(
  url: string,
  range: ByteRange,
  agent: HttpAgent | HttpsAgent,
  signal: AbortSignal,
  idleTimeout: number,
): Promise<IncomingMessage> {
  const request = url.startsWith('https:') ? httpsRequest : httpRequest;
  const last = range.start + range.length - 1;
  return new Promise((resolve, reject) => {
    const outgoing = request(
      url,
      { agent, signal, headers: { range: `bytes=${range.start}-${last}` } },
      resolve,
    );
    outgoing.setTimeout(idleTimeout, () => outgoing.destroy(new TransferFailed('the transfer stood still')));
    outgoing.on('error', (error) =>
      reject(error instanceof TransferFailed ? error : new TransferFailed('no connection', { cause: error })),
    );
    outgoing.end();
  });
}

function checkStatus(response: IncomingMessage, { start, length }: ByteRange, size: number): void {
  const status = response.statusCode ?? 0;
  if (status === 403 || status === 401) throw new LinkExpired('the link is not valid any more');
  if (status === 408 || status === 429 || status >= 500) throw new TransferFailed(`status ${status}`);
  if (status === 206) {
    const expected = `bytes ${start}-${start + length - 1}/${size}`;
    const found = response.headers['content-range'];
    if (found !== expected) throw badTransfer(`answers with ${found ?? 'no range'} for ${expected}`);
    return;
  }
  // Some proxies strip Range and send everything; fine only where everything was asked for.
  if (status === 200 && length === size) return;
  throw badTransfer(`answers with status ${status}`);
}

function badTransfer(what: string): BuyerError {
  return new BuyerError('bad-data', `The object store ${what}.`, {
    next: 'Nothing was paid for this chunk. If a proxy is in the way, try without it.',
  });
}

function isNetworkError(error: unknown): boolean {
  // Errors of the file system have a path or a system call on a descriptor; those of sockets come as these.
  const code = systemCode(error);
  return (
    code !== undefined &&
    /^(ECONN|EPIPE|ETIMEDOUT|EAI_|ENET|EHOST|HPE_|ERR_STREAM_PREMATURE|ABORT_ERR|ERR_SSL)/.test(code)
  );
}
