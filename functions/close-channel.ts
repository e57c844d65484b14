import { bytesToHex } from '@noble/hashes/utils.js';
import { channelAnswer } from '../shared/channel/channel-facts.ts';
import { closeChannel } from '../shared/channel/close-channel.ts';
import type { CloseAnswer } from '../shared/http/api.ts';
import { apiHandler, ownChannelOf } from './handler.ts';

export const handler = apiHandler(async (request, shop): Promise<CloseAnswer> => {
  const { channel, cancels } = await closeChannel(shop, await ownChannelOf(request, shop));
  return {
    ...channelAnswer(channel, shop.policy),
    cancels: cancels.map(({ outpoint, signature }) => ({ outpoint, signature: bytesToHex(signature) })),
  };
});
