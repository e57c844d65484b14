import { channelAnswer } from '../shared/channel/channel-facts.ts';
import { confirmFunding } from '../shared/channel/confirm-funding.ts';
import { type FundingAnswer, outpointBody } from '../shared/http/api.ts';
import { parseBody } from '../shared/http/api-request.ts';
import { apiHandler, ownChannelOf } from './handler.ts';

export const handler = apiHandler(async (request, shop): Promise<FundingAnswer> => {
  const { outpoint } = parseBody(outpointBody, request.body);
  const before = await ownChannelOf(request, shop);
  const { channel, confirmations, confirmationsRequired } = await confirmFunding(shop, before, outpoint);
  return { ...channelAnswer(channel, shop.policy), confirmations, confirmationsRequired };
});
