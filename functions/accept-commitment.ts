import { hexToBytes } from '@noble/hashes/utils.js';
import { channelAnswer } from '../shared/channel/channel-facts.ts';
import { type RecentChannels, takePayment } from '../shared/channel/take-payment.ts';
import { type CommitmentAnswer, commitmentBody } from '../shared/http/api.ts';
import { parseBody } from '../shared/http/api-request.ts';
import { powertoolsLog } from '../shared/powertools-log.ts';
import { verifyWith } from '../shared/protocol/signature.ts';
import { libsecp256k1 } from '../shared/signer/libsecp256k1.ts';
import { apiHandler, channelOf } from './handler.ts';

/** By then a process will see many more, and what libsecp256k1 costs to load has nearly been spent on slower verification. */
const MANY_PAYMENTS = 200;

const recent: RecentChannels = new Map();
let payments = 0;

export const handler = apiHandler(async (request, shop): Promise<CommitmentAnswer> => {
  payments += 1;
  if (payments === MANY_PAYMENTS) verifyFaster();
  const { k, signature } = parseBody(commitmentBody, request.body);
  const named = { id: request.parameters.channelId ?? '', find: () => channelOf(request, shop) };
  const { channel, next } = await takePayment(shop, recent, named, { k, signature: hexToBytes(signature) });
  return { ...channelAnswer(channel, shop.policy), next };
});

/** Nobody waits for it, and without it all is as it was. */
function verifyFaster(): void {
  libsecp256k1().then(verifyWith, (error) => powertoolsLog('verification-slow', { error: String(error) }));
}
