import { AnswerRefused } from './transfer-errors.ts';

/** The first lines of an HTTP/1.1 response, read strictly (RFC 9112): what a sane server never sends is refused, not guessed at. */
export interface ResponseHead {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  /** The server takes another request on the same connection. */
  readonly keepsAlive: boolean;
}

/** S3 answers with about 600 bytes, nginx takes and gives 8 KiB by default; nobody needs more. */
export const MAX_HEAD_BYTES = 16 * 1024;

export const HEAD_END = '\r\n\r\n';

const STATUS_LINE = /^HTTP\/1\.([01]) ([1-5][0-9]{2})(?: [\t\x20-\x7e\x80-\xff]*)?$/;
// A name is a token; a value is visible text with blanks inside. A folded line begins with a blank and so has no name.
const HEADER_LINE = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[\t ]*([\t\x20-\x7e\x80-\xff]*?)[\t ]*$/;

/**
 * @param bytes of the head, without the empty line that ends it
 * @throws AnswerRefused
 */
export function parseResponseHead(bytes: Uint8Array): ResponseHead {
  const [first = '', ...lines] = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
    .toString('latin1')
    .split('\r\n');
  const [, minor, status] = STATUS_LINE.exec(first) ?? [];
  if (status === undefined) throw new AnswerRefused('does not speak HTTP/1.1');
  const headers = new Map<string, string>();
  for (const line of lines) {
    const [, name, value] = HEADER_LINE.exec(line) ?? [];
    if (name === undefined || value === undefined) throw new AnswerRefused('sends a malformed header');
    const key = name.toLowerCase();
    if (headers.has(key) && DECISIVE.has(key)) throw new AnswerRefused(`sends two headers ${key}`);
    headers.set(key, value);
  }
  const connection = headers.get('connection')?.toLowerCase() ?? '';
  return {
    status: Number(status),
    headers,
    keepsAlive: minor === '1' && !/(^|,)[\t ]*close[\t ]*(,|$)/.test(connection),
  };
}

/** Two that differ would leave open which of them counts. */
const DECISIVE: ReadonlySet<string> = new Set([
  'content-length',
  'content-range',
  'content-encoding',
  'transfer-encoding',
]);
