import { bytesToHex } from '@noble/hashes/utils.js';
import { cosignRefund } from '../shared/channel/cosign-refund.ts';
import { outpointBody, type RefundAnswer } from '../shared/http/api.ts';
import { parseBody } from '../shared/http/api-request.ts';
import { apiHandler, ownChannelOf } from './handler.ts';

export const handler = apiHandler(async (request, shop): Promise<RefundAnswer> => {
  const { outpoint } = parseBody(outpointBody, request.body);
  const channel = await ownChannelOf(request, shop);
  const signature = await cosignRefund(shop, channel, outpoint);
  return { channelId: channel.id, outpoint, signature: bytesToHex(signature) };
});
