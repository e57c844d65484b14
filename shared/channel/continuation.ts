import { hexToBytes } from '@noble/hashes/utils.js';
import { Problem } from '../errors.ts';
import { continuationMessage } from '../protocol/request.ts';
import { verifyMessage } from '../protocol/signature.ts';
import type { Terms } from '../protocol/terms.ts';
import type { Channel } from '../store/channel-record.ts';
import { sameBytes } from './channel-facts.ts';
import type { Shop } from './shop.ts';

/** A buyer's word that a new channel goes on where an earlier one of its own stopped. */
export interface Continuation {
  /** Hex. */
  readonly earlierChannelId: string;
  /** 64 bytes, by the earlier channel's key over both ids. */
  readonly signature: Uint8Array;
}

/**
 * Whether new terms continue an earlier channel without a gap (docs/protocol.md section 7), so that credit may follow.
 * @throws Problem terms-refused where the proof is not what it says, or would sell a chunk twice
 */
export async function continuesFrom(
  shop: Shop,
  terms: Terms,
  channelId: Uint8Array,
  { earlierChannelId, signature }: Continuation,
): Promise<boolean> {
  const earlier = await shop.channels.get(earlierChannelId);
  if (!earlier) throw refused('the earlier channel is not known');
  const message = continuationMessage(hexToBytes(earlierChannelId), channelId);
  if (!verifyMessage(earlier.channelKey, message, signature))
    throw refused('the proof is not signed by the earlier channel');
  if (earlier.terms.manifest !== terms.manifest) throw refused('the earlier channel is of another dataset');
  if (!sameBytes(earlier.terms.sellerKey, terms.sellerKey))
    throw refused('the earlier channel is of another seller');
  const end = earlier.terms.first + earlier.paid;
  if (terms.first < end) throw refused(`chunks up to ${end} are paid for already`);
  return terms.first === end && earlier.contiguous && wasFunded(earlier);
}

/** Open once, on a funding that the chain still has. */
function wasFunded(earlier: Channel): boolean {
  return earlier.funding !== undefined && !earlier.voided;
}

function refused(reason: string): Problem {
  return new Problem('terms-refused', `continuation: ${reason}`);
}
