import { bytesOf, priceOf } from '../../shared/channel/channel-facts.ts';
import type { Channel, StoredSettlement } from '../../shared/store/channel-record.ts';
import type { ShopRecord } from '../../shared/store/shop-records.ts';

/** What was sold through the channels of one day: the table keeps no time of a single payment, but that of the proposal. */
export interface SalesDay {
  /** UTC, as 2026-11-26. */
  readonly day: string;
  readonly channels: number;
  readonly chunks: number;
  /** Satoshis. */
  readonly paid: bigint;
}

/** Bytes of chunks to which a link was given out. How often each was fetched, only the object store counts. */
export interface Delivery {
  readonly paid: number;
  /** On credit, on channels through which they may still be paid. */
  readonly unpaid: number;
  /** On credit, on channels that are over. */
  readonly neverPaid: number;
}

/** A settlement that the schedule signed. `replaced` is what a later one, or the buyer's refund, took the place of. */
export interface SettlementStatus {
  readonly txid: string;
  readonly state: 'signed' | 'in-mempool' | 'in-block' | 'final' | 'replaced';
  readonly channels: number;
  /** Satoshis. */
  readonly fee: bigint;
  /** vB. */
  readonly virtualSize: number;
  readonly signedAtHeight: number;
}

type Signed = Omit<SettlementStatus, 'state'>;

/** Settlements that are told of, the last ones. */
const TOLD = 50;

/** Adds up records as they come: it keeps a day's sums, and of each settlement about 200 bytes. */
export class ShopActivity {
  readonly #days = new Map<string, SalesDay>();
  readonly #signed: Signed[] = [];
  readonly #seen = new Map<string, SettlementStatus['state']>();
  #delivery: Delivery = { paid: 0, unpaid: 0, neverPaid: 0 };

  add(record: ShopRecord): void {
    if (record.kind === 'settlement') this.#signed.push(signedOf(record.settlement));
    else {
      this.#addSale(record.channel);
      this.#addDelivery(record.channel);
      this.#see(record.channel);
    }
  }

  /** The first one first. */
  get days(): readonly SalesDay[] {
    return [...this.#days.values()].sort((one, other) => (one.day < other.day ? -1 : 1));
  }

  get delivery(): Delivery {
    return this.#delivery;
  }

  /** The last one first. */
  get settlements(): readonly SettlementStatus[] {
    const latestFirst = this.#signed.sort((one, other) => other.signedAtHeight - one.signedAtHeight);
    return latestFirst
      .slice(0, TOLD)
      .map((signed) => ({ ...signed, state: this.#seen.get(signed.txid) ?? 'replaced' }));
  }

  #addSale(channel: Channel): void {
    if (channel.paid === 0) return;
    const day = new Date(channel.createdAt).toISOString().slice(0, 10);
    const { channels, chunks, paid } = this.#days.get(day) ?? { channels: 0, chunks: 0, paid: 0n };
    this.#days.set(day, {
      day,
      channels: channels + 1,
      chunks: chunks + channel.paid,
      paid: paid + priceOf(channel, channel.paid),
    });
  }

  #addDelivery(channel: Channel): void {
    const { paid, unpaid, neverPaid } = this.#delivery;
    const onCredit = bytesOf(channel, channel.paid, channel.delivered);
    const isLive = channel.state === 'OPEN' || channel.state === 'SUSPENDED';
    this.#delivery = {
      paid: paid + bytesOf(channel, 0, channel.paid),
      unpaid: unpaid + (isLive ? onCredit : 0),
      neverPaid: neverPaid + (isLive ? 0 : onCredit),
    };
  }

  #see({ state, spend, settlements }: Channel): void {
    const last = settlements.at(-1);
    if (!spend) {
      if (last) this.#seen.set(last.txid, 'signed');
      return;
    }
    const inBlock = spend.height === undefined ? 'in-mempool' : 'in-block';
    this.#seen.set(spend.txid, state === 'SETTLED' ? 'final' : inBlock);
  }
}

function signedOf({ txid, members, fee, virtualSize, signedAtHeight }: StoredSettlement): Signed {
  return { txid, channels: members.length, fee, virtualSize, signedAtHeight };
}
