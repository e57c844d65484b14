import { timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

/** What of a request decides whether it is answered. */
export interface Asked {
  readonly method: string;
  readonly headers: IncomingHttpHeaders;
}

/** A refusal, as an HTTP status and a sentence. */
export interface Refusal {
  readonly status: number;
  readonly reason: string;
}

/**
 * What no request may do, whoever sends it: come under another name than ours, as a page does whose own name was pointed at
 * this machine (DNS rebinding), or from another page.
 * @param authority host and port as this server listens
 */
export function strangerRefusal({ headers }: Asked, authority: string): Refusal | undefined {
  if (headers.host !== authority) return { status: 421, reason: `This is ${authority} and nothing else.` };
  const { origin } = headers;
  const site = headers['sec-fetch-site'];
  const isOurs = origin === undefined || origin === `http://${authority}`;
  // A link that a person follows has `none`; other pages of this machine are another origin on the same site.
  if (isOurs && (site === undefined || site === 'same-origin' || site === 'none')) return undefined;
  return { status: 403, reason: 'Another page may not ask this.' };
}

/** What a request of the page's own code must have besides: the key of the session, and JSON where it changes something. */
export function callRefusal({ method, headers }: Asked, sessionKey: string | undefined): Refusal | undefined {
  const given = /^Bearer ([\w-]{1,200})$/.exec(headers.authorization ?? '')?.[1];
  if (sessionKey === undefined || given === undefined || !isSameSecret(given, sessionKey)) {
    return { status: 401, reason: 'Open the address that the command printed; it works once, in one tab.' };
  }
  return method === 'POST' ? bodyRefusal(headers) : undefined;
}

export function bodyRefusal(headers: IncomingHttpHeaders): Refusal | undefined {
  if (headers['content-type'] === 'application/json') return undefined;
  return { status: 415, reason: 'Only application/json is read.' };
}

export function isSameSecret(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)];
  return a.length === b.length && timingSafeEqual(a, b);
}
