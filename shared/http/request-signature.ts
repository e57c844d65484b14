import { hexToBytes } from '@noble/hashes/utils.js';
import { type Clock, unixSeconds } from '../clock.ts';
import { Problem } from '../errors.ts';
import { MAX_CLOCK_SKEW_SECONDS } from '../limits.ts';
import { requestMessage, SIGNATURE_HEADER, TIME_HEADER } from '../protocol/request.ts';
import { verifyMessage } from '../protocol/signature.ts';
import type { ApiRequest } from './api-request.ts';

/**
 * Requires a request to be signed by the channel key, now.
 * @param key A', 33 bytes
 * @throws Problem bad-request-signature; clock-skew, which tells the server's time
 */
export function requireSignature(request: ApiRequest, key: Uint8Array, clock: Clock): void {
  const time = request.headers[TIME_HEADER] ?? '';
  const signature = request.headers[SIGNATURE_HEADER] ?? '';
  if (!/^[0-9]{1,12}$/.test(time) || !/^[0-9a-f]{128}$/.test(signature)) {
    throw new Problem(
      'bad-request-signature',
      `${TIME_HEADER} and ${SIGNATURE_HEADER} must be unix seconds and 64 bytes in hex`,
    );
  }
  const seconds = Number(time);
  const serverTime = unixSeconds(clock);
  if (Math.abs(serverTime - seconds) > MAX_CLOCK_SKEW_SECONDS) {
    throw new Problem('clock-skew', `signed at ${seconds}, it is ${serverTime} here`, { serverTime });
  }
  const { method, host, path, body } = request;
  // The digest takes the number, not the header, so "007" and "7" are one time and one signature.
  if (!verifyMessage(key, requestMessage({ method, host, path, seconds, body }), hexToBytes(signature))) {
    throw new Problem('bad-request-signature', 'not a strict signature of this request by the channel key');
  }
}
