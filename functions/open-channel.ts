import { hexToBytes } from '@noble/hashes/utils.js';
import * as v from 'valibot';
import { channelAnswer } from '../shared/channel/channel-facts.ts';
import type { Continuation } from '../shared/channel/continuation.ts';
import { openChannel } from '../shared/channel/open-channel.ts';
import type { ChannelAnswer } from '../shared/http/api.ts';
import { type ApiRequest, parseField } from '../shared/http/api-request.ts';
import { requireSignature } from '../shared/http/request-signature.ts';
import { channelPublicKey } from '../shared/protocol/keys.ts';
import { CONTINUES_HEADER } from '../shared/protocol/request.ts';
import { channelIdOf, parseTerms } from '../shared/protocol/terms.ts';
import { apiHandler } from './handler.ts';

export const handler = apiHandler(async (request, shop): Promise<ChannelAnswer> => {
  const terms = parseTerms(request.body);
  const channelKey = channelPublicKey(terms.buyerKey, channelIdOf(request.body));
  requireSignature(request, channelKey, shop.clock);
  const channel = await openChannel(shop, terms, continuationOf(request));
  return channelAnswer(channel, shop.policy);
});

const continuesSchema = v.pipe(
  v.string(),
  v.regex(/^[0-9a-f]{64} [0-9a-f]{128}$/, 'must be a channel id and a signature'),
);

function continuationOf(request: ApiRequest): Continuation | undefined {
  const header = request.headers[CONTINUES_HEADER];
  if (header === undefined) return undefined;
  const text = parseField(continuesSchema, header, CONTINUES_HEADER);
  return { earlierChannelId: text.slice(0, 64), signature: hexToBytes(text.slice(65)) };
}
