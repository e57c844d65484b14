import { priceOf } from '../../shared/channel/channel-facts.ts';
import { isForgotten } from '../../shared/channel/open-channel.ts';
import type { Clock } from '../../shared/clock.ts';
import type { ChannelState } from '../../shared/http/api.ts';
import type { Channel, SpendRecord } from '../../shared/store/channel-record.ts';
import type { DatasetStore } from '../../shared/store/dataset-record.ts';
import type { ShopRecords } from '../../shared/store/shop-records.ts';
import { findDataset } from './find-dataset.ts';

export interface ListRequest {
  readonly state?: ChannelState;
  /** A dataset's name, or the beginning of its id. */
  readonly dataset?: string;
  /** How many are listed. */
  readonly limit: number;
}

export interface ListPorts {
  readonly datasets: Pick<DatasetStore, 'list'>;
  readonly records: ShopRecords;
  readonly clock: Clock;
}

/** Money is satoshis, heights are blocks. */
export interface ListedChannel {
  readonly channelId: string;
  readonly state: ChannelState;
  /** The dataset's id, and its name where the shop still has it. */
  readonly manifest: string;
  readonly dataset?: string;
  /** Chunks paid for, of how many. */
  readonly paid: number;
  readonly count: number;
  readonly paidSatoshis: bigint;
  readonly refundHeight: number;
  /** From the last sweep's height; negative once it is past. */
  readonly blocks?: number;
  readonly fundingTxid?: string;
  /** Of the settlement that was signed last. */
  readonly settlementTxid?: string;
  /** Who spends the funding, as last seen. */
  readonly spend?: SpendRecord;
}

export interface ChannelList {
  readonly channels: readonly ListedChannel[];
  /** How many more there are beyond the limit. */
  readonly more: number;
}

/**
 * The channels of a shop: first those that are not over, the nearest refund height first, then the others, the latest first.
 * Reads the whole table page by page and keeps no more than twice the limit.
 * @throws SellerError usage where the dataset is not one
 */
export async function listChannels(
  { datasets, records, clock }: ListPorts,
  { state, dataset, limit }: ListRequest,
): Promise<ChannelList> {
  const offers = await datasets.list();
  const manifest = dataset === undefined ? undefined : findDataset(offers, dataset).manifest;
  const sweep = await records.lastSweep();
  const kept: Channel[] = [];
  let matching = 0;
  for await (const record of records.all()) {
    if (record.kind !== 'channel' || isForgotten({ clock }, record.channel)) continue;
    const { channel } = record;
    if (state !== undefined && channel.state !== state) continue;
    if (manifest !== undefined && channel.terms.manifest !== manifest) continue;
    matching++;
    kept.push(channel);
    if (kept.length >= 2 * limit) keepFirst(kept, limit);
  }
  keepFirst(kept, limit);
  const names = new Map(offers.map((offer) => [offer.manifest, offer.name]));
  return {
    channels: kept.map((channel) => listed(channel, names.get(channel.terms.manifest), sweep?.height)),
    more: matching - kept.length,
  };
}

function keepFirst(channels: Channel[], limit: number): void {
  channels.sort(
    (one, other) => Number(isOver(one)) - Number(isOver(other)) || byHeight(one, other) || byId(one, other),
  );
  channels.splice(limit);
}

function isOver({ state }: Channel): boolean {
  return state === 'SETTLED' || state === 'CANCELLED' || state === 'REFUSED' || state === 'EXPIRED';
}

function byHeight(one: Channel, other: Channel): number {
  const difference = one.terms.refundHeight - other.terms.refundHeight;
  return isOver(one) ? -difference : difference;
}

function byId(one: Channel, other: Channel): number {
  return one.id < other.id ? -1 : 1;
}

function listed(channel: Channel, name: string | undefined, height: number | undefined): ListedChannel {
  const { id, state, terms, paid, claimed, funding, settlements, spend } = channel;
  const outpoint = funding?.outpoint ?? claimed;
  const settlement = settlements.at(-1);
  return {
    channelId: id,
    state,
    manifest: terms.manifest,
    ...(name !== undefined && { dataset: name }),
    paid,
    count: terms.count,
    paidSatoshis: priceOf(channel, paid),
    refundHeight: terms.refundHeight,
    ...(height !== undefined && { blocks: terms.refundHeight - height }),
    ...(outpoint && { fundingTxid: outpoint.txid }),
    ...(settlement && { settlementTxid: settlement.txid }),
    ...(spend && { spend }),
  };
}
