import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import { sha256, taggedMessage } from './hashes.ts';

/** A request as its signature sees it. */
export interface SignedRequest {
  readonly method: string;
  /** As in the Host header, with the port where it has one. */
  readonly host: string;
  /** Path with query as sent, without the deployment's stage prefix. */
  readonly path: string;
  /** When it was signed, unix seconds. */
  readonly seconds: number;
  /** Empty where there is none. */
  readonly body: Uint8Array;
}

/** The headers that carry a request's signature. */
export const TIME_HEADER = 'spillway-time';
export const SIGNATURE_HEADER = 'spillway-signature';
/** Carries `<earlier channel id> <signature>` on the opening of a continuation. */
export const CONTINUES_HEADER = 'spillway-continues';

/** The message a request's signature by the channel key is made over. */
export function requestMessage(request: SignedRequest): Uint8Array {
  const bodyHash = bytesToHex(sha256(request.body));
  const text = [request.method, request.host, request.path, request.seconds.toString(), bodyHash].join('\n');
  return taggedMessage('spillway/request', utf8ToBytes(text));
}

/** The message by which the key of an earlier channel vouches for a new one that goes on where it ended. */
export function continuationMessage(earlierChannelId: Uint8Array, newChannelId: Uint8Array): Uint8Array {
  return taggedMessage('spillway/continue', earlierChannelId, newChannelId);
}

/** The message by which the seller signs a manifest. */
export function manifestMessage(manifestId: Uint8Array): Uint8Array {
  return taggedMessage('spillway/manifest', manifestId);
}
