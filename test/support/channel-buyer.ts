import { hexToBytes, utf8ToBytes } from '@noble/hashes/utils.js';
import type { Outpoint } from '../../shared/chain/chain.ts';
import type { Payment } from '../../shared/channel/accept-commitment.ts';
import { changeOf, fundingAt, witnessScript } from '../../shared/channel/channel-facts.ts';
import type { Continuation } from '../../shared/channel/continuation.ts';
import { commitmentMessage } from '../../shared/protocol/commitment.ts';
import { sha256 } from '../../shared/protocol/hashes.ts';
import { channelSecretKey } from '../../shared/protocol/keys.ts';
import { continuationMessage } from '../../shared/protocol/request.ts';
import { payToWitnessScript } from '../../shared/protocol/script.ts';
import { signMessage } from '../../shared/protocol/signature.ts';
import type { Channel } from '../../shared/store/channel-record.ts';
import { learnSecret } from './printed-secrets.ts';

/** What a buyer does, by its name alone: its secret is SHA-256 of it. */
export function secretOf(name: string): Uint8Array {
  return sha256(utf8ToBytes(name));
}

/** The secret of A', which only the buyer of that name has. */
export function channelSecret(buyer: string, channel: Pick<Channel, 'id' | 'terms'>): Uint8Array {
  const secret = channelSecretKey(secretOf(buyer), channel.terms.buyerKey, hexToBytes(channel.id));
  learnSecret(`the channel secret of ${buyer}`, secret);
  return secret;
}

export function fundingScriptOf(channel: Pick<Channel, 'terms' | 'channelKey'>): Uint8Array {
  return payToWitnessScript(witnessScript(channel));
}

/** A's commitment to the channel's first `k` chunks; another `change` than the price leaves makes it a bad one. */
export function payment(
  buyer: string,
  channel: Channel,
  k: number,
  change: bigint = changeOf(channel, k),
  outpoint: Outpoint | undefined = channel.funding?.outpoint,
): Payment {
  if (!outpoint) throw new Error('the channel has no funding to commit');
  const message = commitmentMessage(fundingAt(channel, outpoint), channel.terms.changeScript, change);
  return { k, signature: signMessage(channelSecret(buyer, channel), message) };
}

/** A's word that the channel of `laterId` goes on where `earlier` stopped. */
export function continuation(buyer: string, earlier: Channel, laterId: Uint8Array): Continuation {
  const message = continuationMessage(hexToBytes(earlier.id), laterId);
  return { earlierChannelId: earlier.id, signature: signMessage(channelSecret(buyer, earlier), message) };
}
