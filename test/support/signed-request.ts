import { bytesToHex } from '@noble/hashes/utils.js';
import { systemClock, unixSeconds } from '../../shared/clock.ts';
import { requestMessage, SIGNATURE_HEADER, TIME_HEADER } from '../../shared/protocol/request.ts';
import { signMessage } from '../../shared/protocol/signature.ts';
import type { HandChannel } from './hand-buyer.ts';
import { type RawAnswer, rawRequest } from './raw-http.ts';

export interface Signing {
  readonly channel?: HandChannel;
  readonly seconds?: number;
  /** What is signed, where it is not what is sent. */
  readonly signed?: Partial<{ method: string; host: string; path: string; body: Uint8Array }>;
}

/** Signs where a channel is given; the path goes on the wire as it is. */
export function sendSigned(
  url: string,
  method: string,
  path: string,
  body: Uint8Array | string,
  { channel, seconds = unixSeconds(systemClock), signed = {} }: Signing,
): Promise<RawAnswer> {
  const bytes = typeof body === 'string' ? new TextEncoder().encode(body) : body;
  const text = { method, host: new URL(url).host, path, body: bytes, ...signed, seconds };
  const headers = channel && {
    [TIME_HEADER]: `${seconds}`,
    [SIGNATURE_HEADER]: bytesToHex(signMessage(channel.secret, requestMessage(text))),
  };
  return rawRequest(url, method, path, { body: bytes, ...(headers && { headers }) });
}
