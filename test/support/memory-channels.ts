import { bytesToHex } from '@noble/hashes/utils.js';
import type {
  Channel,
  ChannelChange,
  ChannelStore,
  Expectation,
  StoredSettlement,
} from '../../shared/store/channel-record.ts';

/** The channel store in memory, for thousands of histories; a test holds it against the real one on dynalite. */
export interface MemoryChannels extends ChannelStore {
  /** What is stored now. */
  peek(id: string): Channel | undefined;
  peekSettlement(txid: string): StoredSettlement | undefined;
  /** The least height at which something is due. */
  nextDue(): number | undefined;
}

interface Row {
  readonly channel: Channel;
  readonly dueAt?: number | undefined;
}

export function memoryChannels(): MemoryChannels {
  const rows = new Map<string, Row>();
  const keys = new Map<string, string>();
  const links = new Map<string, number>();
  const settlements = new Map<string, StoredSettlement>();
  let lastSweep: number | undefined;

  const dues = (): { readonly id: string; readonly dueAt: number }[] =>
    [...rows].flatMap(([id, { dueAt }]) => (dueAt === undefined ? [] : [{ id, dueAt }]));
  return {
    peek: (id) => rows.get(id)?.channel,
    peekSettlement: (txid) => settlements.get(txid),
    nextDue: () => dues().sort((left, right) => left.dueAt - right.dueAt)[0]?.dueAt,
    get: async (id) => rows.get(id)?.channel,
    async claimBuyerKey(buyerKey, id) {
      const key = bytesToHex(buyerKey);
      if (!keys.has(key)) keys.set(key, id);
      return keys.get(key) === id;
    },
    async propose(channel, expiredBefore) {
      const existing = rows.get(channel.id)?.channel;
      if (existing && !isForgotten(existing, expiredBefore)) return false;
      rows.set(channel.id, { channel });
      return true;
    },
    async change(id, expectation, change) {
      const row = rows.get(id);
      if (!row || !holds(row.channel, expectation)) return undefined;
      const channel = changed(row.channel, change);
      const dueAt = change.archiveAt === undefined ? (change.dueAt ?? row.dueAt) : undefined;
      rows.set(id, { channel, dueAt });
      return channel;
    },
    async countPaidLink(id, chunk, day, limit) {
      const key = `${id} ${chunk} ${day}`;
      const given = links.get(key) ?? 0;
      if (given >= limit) return false;
      links.set(key, given + 1);
      return true;
    },
    async putSettlement(settlement) {
      settlements.set(settlement.txid, settlement);
    },
    getSettlement: async (txid) => settlements.get(txid),
    async noteSweep(at) {
      const before = lastSweep;
      lastSweep = at;
      return before;
    },
    async due(height, limit) {
      return dues()
        .filter(({ dueAt }) => dueAt <= height)
        .sort((left, right) => left.dueAt - right.dueAt)
        .slice(0, limit)
        .map(({ id }) => id);
    },
  };
}

function isForgotten({ state, createdAt, refunds, claimed }: Channel, expiredBefore: number): boolean {
  return state === 'PROPOSED' && createdAt <= expiredBefore && refunds.length === 0 && !claimed;
}

function holds(channel: Channel, expectation: Expectation): boolean {
  const { states, paid, paidBelow, paidAtLeast, delivered, unpaidLinksBelow } = expectation;
  return (
    states.includes(channel.state) &&
    (paid === undefined || channel.paid === paid) &&
    (paidBelow === undefined || channel.paid < paidBelow) &&
    (paidAtLeast === undefined || channel.paid >= paidAtLeast) &&
    (delivered === undefined || channel.delivered === delivered) &&
    (unpaidLinksBelow === undefined || channel.unpaidLinks < unpaidLinksBelow) &&
    !(expectation.unclaimed && channel.claimed) &&
    (expectation.refunds === undefined || channel.refunds.length === expectation.refunds) &&
    (expectation.settlements === undefined || channel.settlements.length === expectation.settlements)
  );
}

function changed(channel: Channel, change: ChannelChange): Channel {
  const { addRefund, addSettlement, oneMoreUnpaidLink, dueAt: _, archiveAt: __, ...set } = change;
  return {
    ...channel,
    ...set,
    ...(change.paid !== undefined && { paidBefore: channel.paid }),
    ...(oneMoreUnpaidLink && { unpaidLinks: channel.unpaidLinks + 1 }),
    ...(addRefund && { refunds: [...channel.refunds, addRefund] }),
    ...(addSettlement && { settlements: [...channel.settlements, addSettlement] }),
  };
}
