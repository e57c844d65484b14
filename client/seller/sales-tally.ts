import { priceOf } from '../../shared/channel/channel-facts.ts';
import { isUnsettled } from '../../shared/channel/unsettled.ts';
import { CHANNEL_STATES, type ChannelState } from '../../shared/http/api.ts';
import type { Channel, StoredSettlement } from '../../shared/store/channel-record.ts';
import type { ShopRecord } from '../../shared/store/shop-records.ts';

/** What was sold, chunks and satoshis. */
export interface Sales {
  readonly chunks: number;
  /** Paid by settlements that are final, before their fees. */
  readonly settled: bigint;
  /** Paid on channels that are open or being settled. */
  readonly unsettled: bigint;
  /** Paid on channels whose funding the buyer took back. */
  readonly lost: bigint;
}

export const NO_SALES: Sales = { chunks: 0, settled: 0n, unsettled: 0n, lost: 0n };

/** Adds up records as they come: of what grows with the sales it keeps a settlement's id and fee, about 200 bytes. */
export class SalesTally {
  readonly states: Record<ChannelState, number>;
  readonly ofDataset = new Map<string, Sales>();
  /** Channels whose money is in no block and whose refund height is below `alarmBelow`. */
  readonly late = { channels: 0, satoshis: 0n };
  total = NO_SALES;
  /** The one whose money must be in a block first. */
  nearest: Channel | undefined;
  readonly #fees = new Map<string, bigint>();
  readonly #final = new Set<string>();
  readonly #alarmBelow: number;

  /** @param alarmBelow a height */
  constructor(alarmBelow: number) {
    this.#alarmBelow = alarmBelow;
    const none = CHANNEL_STATES.map((state) => [state, 0] as const);
    this.states = Object.fromEntries(none) as Record<ChannelState, number>;
  }

  add(record: ShopRecord): void {
    if (record.kind === 'channel') this.#addChannel(record.channel);
    else this.#addSettlement(record.settlement);
  }

  /** Fees of the settlements that are final: of all that were signed for a channel only one is on the chain. */
  get fees(): bigint {
    return [...this.#final].reduce((sum, txid) => sum + (this.#fees.get(txid) ?? 0n), 0n);
  }

  #addSettlement({ txid, fee }: StoredSettlement): void {
    this.#fees.set(txid, fee);
  }

  #addChannel(channel: Channel): void {
    const { state, paid, spend, terms } = channel;
    this.states[state] += 1;
    if (state === 'SETTLED' && spend) this.#final.add(spend.txid);
    if (paid === 0) return;
    const satoshis = priceOf(channel, paid);
    const sold = salesOf(state, paid, satoshis);
    this.total = sum(this.total, sold);
    this.ofDataset.set(terms.manifest, sum(this.ofDataset.get(terms.manifest) ?? NO_SALES, sold));
    if (!isUnsettled(channel)) return;
    if (!this.nearest || terms.refundHeight < this.nearest.terms.refundHeight) this.nearest = channel;
    if (terms.refundHeight >= this.#alarmBelow) return;
    this.late.channels += 1;
    this.late.satoshis += satoshis;
  }
}

function salesOf(state: ChannelState, chunks: number, satoshis: bigint): Sales {
  const sold = { ...NO_SALES, chunks };
  if (state === 'SETTLED') return { ...sold, settled: satoshis };
  return state === 'EXPIRED' ? { ...sold, lost: satoshis } : { ...sold, unsettled: satoshis };
}

function sum(one: Sales, other: Sales): Sales {
  return {
    chunks: one.chunks + other.chunks,
    settled: one.settled + other.settled,
    unsettled: one.unsettled + other.unsettled,
    lost: one.lost + other.lost,
  };
}
