import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import { isForgotten } from '../shared/channel/open-channel.ts';
import type { Shop } from '../shared/channel/shop.ts';
import { Problem } from '../shared/errors.ts';
import { jsonAnswer, problemAnswer } from '../shared/http/api-answer.ts';
import { type ApiRequest, apiRequest, parseField } from '../shared/http/api-request.ts';
import { requireSignature } from '../shared/http/request-signature.ts';
import { powertoolsLog } from '../shared/powertools-log.ts';
import { hexOf } from '../shared/protocol/terms.ts';
import type { Channel } from '../shared/store/channel-record.ts';
import { theShop } from './shop.ts';

export type ApiHandler = (event: APIGatewayProxyEventV2) => Promise<APIGatewayProxyStructuredResultV2>;

/** What every route's function has in common: read the event, answer, and turn every error into a problem document. */
export function apiHandler(answer: (request: ApiRequest, shop: Shop) => Promise<unknown>): ApiHandler {
  return async (event) => {
    try {
      return jsonAnswer(await answer(apiRequest(event), theShop()));
    } catch (error) {
      return problemAnswer(error, powertoolsLog);
    }
  };
}

/** The channel that the path names. @throws Problem not-found, malformed-request */
export async function channelOf(request: ApiRequest, shop: Shop): Promise<Channel> {
  const id = parseField(hexOf(32), request.parameters.channelId, 'channelId');
  const channel = await shop.channels.get(id);
  if (!channel || isForgotten(shop, channel)) throw new Problem('not-found', 'no channel of this id');
  return channel;
}

/** The same for the holder of its key. @throws Problem not-found, bad-request-signature, clock-skew */
export async function ownChannelOf(request: ApiRequest, shop: Shop): Promise<Channel> {
  const channel = await channelOf(request, shop);
  requireSignature(request, channel.channelKey, shop.clock);
  return channel;
}
