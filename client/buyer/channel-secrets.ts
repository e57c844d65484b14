import { hexToBytes } from '@noble/hashes/utils.js';
import type { Outpoint } from '../../shared/chain/chain.ts';
import { channelPublicKey, channelSecretKey } from '../../shared/protocol/keys.ts';
import { fundingScript, payToWitnessScript } from '../../shared/protocol/script.ts';
import type { Funding } from '../../shared/protocol/sighash.ts';
import type { Terms } from '../../shared/protocol/terms.ts';
import type { ChannelRecordState } from './purchase-state.ts';
import type { WalletKeys } from './wallet-keys.ts';

/** Everything that follows from a channel's terms and the buyer's key. */
export interface ChannelSecrets {
  readonly channelId: string;
  readonly terms: Terms;
  /** A' and its secret. */
  readonly key: Uint8Array;
  readonly secret: Uint8Array;
  readonly witnessScript: Uint8Array;
  /** The funding output's script. */
  readonly script: Uint8Array;
}

export function channelSecrets(
  channel: Pick<ChannelRecordState, 'channelId' | 'terms' | 'keyIndex'>,
  keys: WalletKeys,
): ChannelSecrets {
  const { channelId, terms } = channel;
  const buyer = keys.channel(channel.keyIndex);
  const id = hexToBytes(channelId);
  const key = channelPublicKey(buyer.publicKey, id);
  const witnessScript = fundingScript(key, terms.sellerKey);
  return {
    channelId,
    terms,
    key,
    secret: channelSecretKey(buyer.secret, buyer.publicKey, id),
    witnessScript,
    script: payToWitnessScript(witnessScript),
  };
}

export function fundingOf(channel: ChannelSecrets, { txid, vout }: Outpoint): Funding {
  return { txid, vout, capacity: channel.terms.capacity, witnessScript: channel.witnessScript };
}
