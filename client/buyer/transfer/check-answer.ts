import type { ResponseHead } from './response-head.ts';
import { AnswerRefused, LinkEnded, RangeIgnored, TransferBroken } from './transfer-errors.ts';

/** A range of an object, bytes. */
export interface WantedRange {
  readonly start: number;
  readonly length: number;
  /** Of the whole object. */
  readonly objectSize: number;
}

/**
 * Lets an answer pass whose body is exactly the range that was asked for.
 * @throws TransferBroken, LinkEnded, AnswerRefused
 */
export function checkAnswer(head: ResponseHead, wanted: WantedRange): void {
  const { status } = head;
  // 400 is what S3 answers where the credentials behind a link have expired, 403 where the link has
  // (https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html, ExpiredToken and AccessDenied).
  if (status === 400 || status === 401 || status === 403) {
    throw new LinkEnded(`refuses the link with status ${status}`);
  }
  if (status === 407) throw new AnswerRefused('is behind a proxy that wants a name and a password');
  if (status === 429 || status === 503) throw new TransferBroken('is overloaded', { busy: true });
  if (status === 408 || status >= 500) throw new TransferBroken(`answers with status ${status}`);
  if (status >= 300 && status < 400) throw new AnswerRefused(`redirects to ${redirectTarget(head)}`);
  if (status !== 200 && status !== 206) throw new AnswerRefused(`answers with status ${status}`);
  checkRange(head, wanted);
  checkLength(head, wanted);
}

function checkRange({ status, headers }: ResponseHead, { start, length, objectSize }: WantedRange): void {
  if (status === 206) {
    const expected = `bytes ${start}-${start + length - 1}/${objectSize}`;
    const found = headers.get('content-range');
    if (found !== expected) throw new AnswerRefused(`answers with ${found ?? 'no range'} for ${expected}`);
    return;
  }
  // Some proxies strip Range and send everything; fine only where everything was asked for.
  if (length === objectSize) return;
  throw new RangeIgnored('answers with the whole object for a range of it');
}

function checkLength({ headers }: ResponseHead, { length }: WantedRange): void {
  const encoding = headers.get('content-encoding') ?? 'identity';
  if (encoding.toLowerCase() !== 'identity')
    throw new AnswerRefused(`answers with data packed by ${encoding}`);
  const stated = headers.get('content-length');
  if (headers.has('transfer-encoding') || stated === undefined || !/^[0-9]{1,15}$/.test(stated)) {
    throw new AnswerRefused('answers without a length');
  }
  if (Number(stated) !== length) throw new AnswerRefused(`answers with ${stated} bytes for ${length}`);
}

/** Where to, without what may be a signature. */
function redirectTarget({ headers }: ResponseHead): string {
  const location = headers.get('location') ?? '';
  return URL.canParse(location) ? new URL(location).host : 'another place';
}
