import type { ServerResponse } from 'node:http';
import type { Payload } from './authenticate.ts';
import { S3Error } from './errors.ts';
import type { S3Request } from './request.ts';
import type { Bucket } from './storage.ts';
import { type XmlElement, xmlDocument } from './xml.ts';

/** An authenticated request to a bucket or to something in it, with all that an operation needs to answer it. */
export interface Call {
  readonly request: S3Request;
  readonly payload: Payload;
  /** The body as it comes over the wire, framing and all. */
  readonly source: AsyncIterable<Uint8Array>;
  readonly response: ServerResponse;
  readonly bucket: Bucket;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

export type Operation = (call: Call) => Promise<void>;
export type Headers = Readonly<Record<string, string | number | undefined>>;

/** Sets those headers that have a value. */
export function setHeaders(response: ServerResponse, headers: Headers): void {
  for (const [name, value] of Object.entries(headers))
    if (value !== undefined) response.setHeader(name, value);
}

export function answerXml(
  call: Call,
  name: string,
  children: readonly XmlElement[],
  headers: Headers = {},
): void {
  const body = xmlDocument(name, children);
  setHeaders(call.response, {
    ...headers,
    'content-type': 'application/xml',
    'content-length': Buffer.byteLength(body),
  });
  call.response.writeHead(200).end(body);
}

export function answerEmpty(call: Call, status: number, headers: Headers = {}): void {
  setHeaders(call.response, {
    ...headers,
    ...(status === 204 || status === 304 ? {} : { 'content-length': 0 }),
  });
  call.response.writeHead(status).end();
}

/** A whole number a client gave as text. Throws InvalidArgument below 0 or above 2^31 − 1. */
export function readCount(name: string, text: string): number {
  const value = Number(text);
  if (/^[0-9]{1,10}$/.test(text) && value < 2 ** 31) return value;
  throw new S3Error('InvalidArgument', `Argument ${name} must be an integer between 0 and 2147483647`, {
    details: { ArgumentName: name, ArgumentValue: text },
  });
}

export const quoted = (etag: string): string => `"${etag}"`;
export const isoTime = (milliseconds: number): string => new Date(milliseconds).toISOString();
