import { isForgotten } from '../../shared/channel/open-channel.ts';
import { deadlineAlarm } from '../../shared/channel/unsettled.ts';
import type { Clock } from '../../shared/clock.ts';
import type { Policy } from '../../shared/config.ts';
import type { ChannelState } from '../../shared/http/api.ts';
import { chunkCount } from '../../shared/protocol/price.ts';
import type { Dataset, DatasetStore } from '../../shared/store/dataset-record.ts';
import type { LastSweep, ShopRecords } from '../../shared/store/shop-records.ts';
import { type PriceBounds, priceProblem } from './price-bounds.ts';
import { NO_SALES, type Sales, SalesTally } from './sales-tally.ts';
import { type Delivery, type SalesDay, type SettlementStatus, ShopActivity } from './shop-activity.ts';

/** Seconds after which a schedule that runs each minute has stopped. */
const SWEEP_LATE_SECONDS = 600;

export interface StatusPorts {
  readonly datasets: Pick<DatasetStore, 'list'>;
  readonly records: ShopRecords;
  readonly clock: Clock;
  readonly policy: Pick<Policy, 'close'>;
  readonly prices: PriceBounds;
}

export interface DatasetStatus {
  readonly manifest: string;
  readonly name: string;
  readonly forSale: boolean;
  /** Satoshis for a full chunk. */
  readonly pricePerChunk: bigint;
  readonly chunks: number;
  readonly sold: Sales;
}

/** What a seller looks at each day. Heights are blocks, money is satoshis, times are ISO 8601. */
export interface ShopStatus {
  readonly datasets: readonly DatasetStatus[];
  /** What a full chunk may cost by the shop's policy. */
  readonly prices: PriceBounds;
  /** How many there are in each state. */
  readonly channels: Readonly<Record<ChannelState, number>>;
  readonly sold: Sales;
  /** Of the settlements that are final: what they paid to miners, out of what was settled. */
  readonly fees: bigint;
  readonly days: readonly SalesDay[];
  readonly delivery: Delivery;
  /** The last ones that were signed, the latest first. */
  readonly settlements: readonly SettlementStatus[];
  readonly lastSweep?: { readonly at: string; readonly ageSeconds: number; readonly height: number };
  /** The first refund height of money that is in no block, and how far from the last sweep's height. */
  readonly deadline?: {
    readonly channelId: string;
    readonly refundHeight: number;
    readonly blocks?: number;
  };
  readonly warnings: readonly string[];
}

/** Reads the whole table once, page by page. */
export async function shopStatus({
  datasets,
  records,
  clock,
  policy,
  prices,
}: StatusPorts): Promise<ShopStatus> {
  const [offers, sweep] = await Promise.all([datasets.list(), records.lastSweep()]);
  const alarm = deadlineAlarm(policy.close);
  const tally = new SalesTally((sweep?.height ?? 0) + alarm);
  const activity = new ShopActivity();
  for await (const record of records.all()) {
    if (record.kind === 'channel' && isForgotten({ clock }, record.channel)) continue;
    tally.add(record);
    activity.add(record);
  }
  const lastSweep = sweep && sweepStatus(sweep, clock);
  const { nearest } = tally;
  return {
    datasets: offers.map((offer) => datasetStatus(offer, tally.ofDataset.get(offer.manifest) ?? NO_SALES)),
    prices,
    channels: tally.states,
    sold: tally.total,
    fees: tally.fees,
    days: activity.days,
    delivery: activity.delivery,
    settlements: activity.settlements,
    ...(lastSweep && { lastSweep }),
    ...(nearest && { deadline: deadlineOf(nearest.id, nearest.terms.refundHeight, sweep) }),
    warnings: [
      ...sweepWarnings(lastSweep),
      ...moneyWarnings(tally, alarm),
      ...offers.flatMap((offer) => priceWarning(offer, prices)),
    ],
  };
}

function datasetStatus(dataset: Dataset, sold: Sales): DatasetStatus {
  const { manifest, name, pricePerChunk, forSaleUntil } = dataset;
  return {
    manifest,
    name,
    forSale: forSaleUntil === undefined,
    pricePerChunk,
    chunks: chunkCount(dataset),
    sold,
  };
}

function sweepStatus({ at, height }: LastSweep, clock: Clock) {
  const ageSeconds = Math.max(0, Math.floor((clock.now() - at) / 1000));
  return { at: new Date(at).toISOString(), ageSeconds, height };
}

function deadlineOf(channelId: string, refundHeight: number, sweep: LastSweep | undefined) {
  return { channelId, refundHeight, ...(sweep && { blocks: refundHeight - sweep.height }) };
}

function sweepWarnings(lastSweep: ShopStatus['lastSweep']): string[] {
  if (!lastSweep) return ['The schedule never ran: no funding is confirmed and nothing is settled.'];
  if (lastSweep.ageSeconds <= SWEEP_LATE_SECONDS) return [];
  const minutes = Math.floor(lastSweep.ageSeconds / 60);
  return [`The schedule last ran ${minutes} minutes ago: until it runs again nothing is settled.`];
}

function moneyWarnings({ late, total }: SalesTally, alarm: number): string[] {
  return [
    ...(late.channels > 0
      ? [
          `${late.satoshis} sat on ${late.channels} channels are in no block, fewer than ${alarm} blocks before the buyers may take them back.`,
        ]
      : []),
    ...(total.lost > 0n ? [`${total.lost} sat were taken back by buyers before they were settled.`] : []),
  ];
}

/** A policy that was changed since it was published. */
function priceWarning({ name, pricePerChunk, forSaleUntil }: Dataset, prices: PriceBounds): string[] {
  const problem = forSaleUntil === undefined ? priceProblem(pricePerChunk, prices) : undefined;
  return problem ? [`${name}: ${problem}.`] : [];
}
