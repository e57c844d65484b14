import { hexToBytes } from '@noble/hashes/utils.js';
import { acceptCommitment } from '../shared/channel/accept-commitment.ts';
import { channelAnswer } from '../shared/channel/channel-facts.ts';
import { type CommitmentAnswer, commitmentBody } from '../shared/http/api.ts';
import { parseBody } from '../shared/http/api-request.ts';
import { apiHandler, channelOf } from './handler.ts';

export const handler = apiHandler(async (request, shop): Promise<CommitmentAnswer> => {
  const { k, signature } = parseBody(commitmentBody, request.body);
  const before = await channelOf(request, shop);
  const { channel, next } = await acceptCommitment(shop, before, { k, signature: hexToBytes(signature) });
  return { ...channelAnswer(channel, shop.policy), next };
});
