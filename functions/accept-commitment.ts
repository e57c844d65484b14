import { hexToBytes } from '@noble/hashes/utils.js';
import { channelAnswer } from '../shared/channel/channel-facts.ts';
import { type RecentChannels, takePayment } from '../shared/channel/take-payment.ts';
import { type CommitmentAnswer, commitmentBody } from '../shared/http/api.ts';
import { parseBody } from '../shared/http/api-request.ts';
import { apiHandler, channelOf } from './handler.ts';

const recent: RecentChannels = new Map();

export const handler = apiHandler(async (request, shop): Promise<CommitmentAnswer> => {
  const { k, signature } = parseBody(commitmentBody, request.body);
  const named = { id: request.parameters.channelId ?? '', find: () => channelOf(request, shop) };
  const { channel, next } = await takePayment(shop, recent, named, { k, signature: hexToBytes(signature) });
  return { ...channelAnswer(channel, shop.policy), next };
});
