import { bytesToHex } from '@noble/hashes/utils.js';
import { unixSeconds } from '../clock.ts';
import { Problem } from '../errors.ts';
import { PROPOSAL_LIFETIME_MS } from '../limits.ts';
import { channelPublicKey } from '../protocol/keys.ts';
import { chunkCount, dustGridHolds, price } from '../protocol/price.ts';
import { DUST_LIMIT, outputKind } from '../protocol/script.ts';
import { channelIdOf, encodeTerms, type Terms } from '../protocol/terms.ts';
import type { Channel } from '../store/channel-record.ts';
import { type Dataset, opensChannels } from '../store/dataset-record.ts';
import { sameBytes } from './channel-facts.ts';
import { type Continuation, continuesFrom } from './continuation.ts';
import { lifetimesAt } from './lifetimes.ts';
import type { Shop } from './shop.ts';
import { tellState } from './transitions.ts';

/** vB of a settlement of one channel with change: what the first chunk's price must pay for (docs/protocol.md section 2). */
const SETTLEMENT_VBYTES = 169n;

/**
 * Stores a channel as PROPOSED, or answers the one there is: the same terms are the same channel.
 * @throws Problem terms-refused, buyer-key-used, chain-unavailable
 */
export async function openChannel(shop: Shop, terms: Terms, continuation?: Continuation): Promise<Channel> {
  const channelId = channelIdOf(encodeTerms(terms));
  const id = bytesToHex(channelId);
  const existing = await shop.channels.get(id);
  if (existing && !isForgotten(shop, existing)) return existing;

  const dataset = await datasetForSale(shop, terms);
  await checkTerms(shop, terms, dataset);
  // A proof is judged wherever one is given: it may say that these chunks are paid for already.
  const continues = continuation !== undefined && (await continuesFrom(shop, terms, channelId, continuation));
  const contiguous = terms.first === 0 || continues;
  checkCredit(shop, terms, dataset, contiguous);

  // The key first: once a channel stands, its key is bound for certain (rule 1).
  if (!(await shop.channels.claimBuyerKey(terms.buyerKey, id))) {
    throw new Problem('buyer-key-used', 'buyerKey: belongs to another channel');
  }
  const now = shop.clock.now();
  const channel: Channel = {
    id,
    state: 'PROPOSED',
    terms,
    shape: { totalSize: dataset.totalSize, chunkSize: dataset.chunkSize },
    channelKey: channelPublicKey(terms.buyerKey, channelId),
    contiguous,
    createdAt: now,
    refunds: [],
    voided: false,
    paid: 0,
    paidBefore: 0,
    delivered: 0,
    unpaidLinks: 0,
    settlements: [],
  };
  const forgetAt = unixSeconds(shop.clock) + PROPOSAL_LIFETIME_MS / 1000;
  if (await shop.channels.propose(channel, now - PROPOSAL_LIFETIME_MS, forgetAt)) {
    tellState(shop.log, channel, { chunks: terms.count, capacity: terms.capacity.toString() });
    return channel;
  }
  const winner = await shop.channels.get(id);
  if (!winner) throw new Problem('busy', 'the channel was proposed and forgotten meanwhile');
  return winner;
}

/** A proposal that is neither co-signed nor funded lives one hour, whether or not the table's TTL has removed it. */
export function isForgotten(shop: Pick<Shop, 'clock'>, channel: Channel): boolean {
  const nobodyRelies = channel.state === 'PROPOSED' && channel.refunds.length === 0 && !channel.claimed;
  return nobodyRelies && channel.createdAt + PROPOSAL_LIFETIME_MS <= shop.clock.now();
}

/** Rule 5: for sale at this price, or it was within the last hour. */
async function datasetForSale(shop: Shop, terms: Terms): Promise<Dataset> {
  const dataset = await shop.datasets.get(terms.manifest);
  if (!dataset || !opensChannels(dataset, shop.clock.now()))
    throw refused('manifest', 'is not for sale here');
  if (terms.first + terms.count > chunkCount(dataset)) throw refused('chunks', 'reach beyond the dataset');
  const { previousPrice } = dataset;
  const isCurrent = terms.pricePerChunk === dataset.pricePerChunk;
  const isPrevious =
    previousPrice?.pricePerChunk === terms.pricePerChunk && shop.clock.now() < previousPrice.until;
  if (!isCurrent && !isPrevious) throw refused('pricePerChunk', `is ${dataset.pricePerChunk} satoshis now`);
  return dataset;
}

async function checkTerms(shop: Shop, terms: Terms, dataset: Dataset): Promise<void> {
  const { policy } = shop;
  if (terms.network !== shop.network) throw refused('network', `is ${shop.network} here`);
  if (!sameBytes(terms.sellerKey, await shop.signer.publicKey()))
    throw refused('sellerKey', "is not the shop's key");
  if (terms.capacity < policy.minimumCapacity || terms.capacity > policy.maximumCapacity) {
    throw refused('capacity', `must be from ${policy.minimumCapacity} to ${policy.maximumCapacity} satoshis`);
  }
  if (terms.capacity < price(terms, dataset, terms.count))
    throw refused('capacity', 'is below the price of the chunks');
  if (!dustGridHolds(terms, dataset))
    throw refused('capacity', 'leaves a change that is dust after one of the chunks');
  if (price(terms, dataset, 1) < minimumFirstPrice(shop)) {
    throw refused('pricePerChunk', `the first chunk must cost at least ${minimumFirstPrice(shop)} satoshis`);
  }
  const { height } = await shop.tips.fresh();
  const { minimum, maximum } = lifetimesAt(height, policy);
  const lifetime = terms.refundHeight - height;
  if (lifetime < minimum || lifetime > maximum) {
    throw refused('refundHeight', `must be from ${height + minimum} to ${height + maximum}`);
  }
}

/** Satoshis the first chunk must cost, so that a channel that stops there can still be settled at the stress fee rate. */
export function minimumFirstPrice({ policy, payoutScript }: Pick<Shop, 'policy' | 'payoutScript'>): bigint {
  const dust = DUST_LIMIT[outputKind(payoutScript) ?? 'P2WSH'];
  return dust + (SETTLEMENT_VBYTES * policy.stressFeeRate + 999n) / 1000n;
}

/** Rule 7: credit that may not be had is refused, never downgraded. */
function checkCredit(shop: Shop, terms: Terms, dataset: Dataset, contiguous: boolean): void {
  if (terms.credit === 0) return;
  if (!contiguous) throw refused('credit', 'must be 0 for chunks that continue no channel of yours');
  if (terms.first === 0 && chunkCount(dataset) < shop.policy.creditMinimumChunks) {
    throw refused(
      'credit',
      `must be 0 for a dataset of fewer than ${shop.policy.creditMinimumChunks} chunks`,
    );
  }
}

function refused(field: string, reason: string): Problem {
  return new Problem('terms-refused', `${field}: ${reason}`);
}
