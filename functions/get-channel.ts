import { channelAnswer } from '../shared/channel/channel-facts.ts';
import type { ChannelAnswer } from '../shared/http/api.ts';
import { apiHandler, ownChannelOf } from './handler.ts';

export const handler = apiHandler(
  async (request, shop): Promise<ChannelAnswer> =>
    channelAnswer(await ownChannelOf(request, shop), shop.policy),
);
