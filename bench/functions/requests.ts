import { bytesToHex } from '@noble/hashes/utils.js';
import type { FunctionName } from '../../infra/constructs/function-grants.ts';
import { acceptCommitment } from '../../shared/channel/accept-commitment.ts';
import type { RouteName } from '../../shared/http/routes.ts';
import { channelIdOf, encodeTerms } from '../../shared/protocol/terms.ts';
import type { Channel } from '../../shared/store/channel-record.ts';
import { channelSecret, payment } from '../../test/support/channel-buyer.ts';
import { type ChannelShop, DATASET, open } from '../../test/support/channel-shop.ts';
import { type CallParts, routeEvent } from '../../test/support/route-event.ts';

/** Requests that each function answers with 200, as buyers send them: no two payments and no two chunks are the same. */
export type Requests = Readonly<Record<FunctionName, () => unknown>>;

/** What the schedule sends; nothing looks at it. */
const SCHEDULED = { source: 'aws.scheduler', 'detail-type': 'Scheduled Event', detail: '{}' };

/** @param runs how often each is asked for at most */
export async function requestsFor(shop: ChannelShop, runs: number): Promise<Requests> {
  const manifest = await shop.publish(runs);
  const openLong = (buyer: string) =>
    open(shop, buyer, { manifest, count: runs, capacity: BigInt(runs) * 5_000n });
  const payer = await openLong('payer');
  const reader = await paidWhole(shop, 'reader', await openLong('reader'));
  const closer = await open(shop, 'closer');
  const terms = shop.terms('opener');
  const outpoint = payer.funding?.outpoint;

  const own = (
    name: RouteName,
    channel: Pick<Channel, 'id' | 'terms'>,
    buyer: string,
    parts: CallParts = {},
  ) =>
    routeEvent(name, {
      parameters: { channelId: channel.id },
      sign: channelSecret(buyer, channel),
      ...parts,
    });
  const opening = new TextDecoder().decode(encodeTerms(terms));
  const opener = { id: bytesToHex(channelIdOf(encodeTerms(terms))), terms };
  let paid = 0;
  let read = 0;
  return {
    'get-shop': () => routeEvent('getShop'),
    'list-datasets': () => routeEvent('listDatasets'),
    'get-dataset': () => routeEvent('getDataset', { parameters: { manifest: DATASET.manifest } }),
    'open-channel': () => routeEvent('openChannel', { body: opening, sign: channelSecret('opener', opener) }),
    'cosign-refund': () => own('cosignRefund', payer, 'payer', { body: JSON.stringify({ outpoint }) }),
    'confirm-funding': () => own('confirmFunding', payer, 'payer', { body: JSON.stringify({ outpoint }) }),
    'get-channel': () => own('getChannel', payer, 'payer'),
    'close-channel': () => own('closeChannel', closer, 'closer'),
    'accept-commitment': () => {
      const { k, signature } = payment('payer', payer, ++paid);
      const body = JSON.stringify({ k, signature: bytesToHex(signature) });
      return routeEvent('acceptCommitment', { parameters: { channelId: payer.id }, body });
    },
    'issue-chunk-url': () =>
      own('issueChunk', reader, 'reader', { parameters: { channelId: reader.id, chunk: `${read++}` } }),
    'settle-channels': () => SCHEDULED,
  };
}

async function paidWhole(shop: ChannelShop, buyer: string, channel: Channel): Promise<Channel> {
  let current = channel;
  while (current.paid < channel.terms.count) {
    const k = Math.min(current.paid + shop.policy.commitmentLimit, channel.terms.count);
    current = (await acceptCommitment(shop, current, payment(buyer, channel, k))).channel;
  }
  return current;
}
