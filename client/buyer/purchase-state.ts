import { utf8ToBytes } from '@noble/hashes/utils.js';
import type { Outpoint } from '../../shared/chain/chain.ts';
import type { ChunkLink } from '../../shared/http/api.ts';
import { parseTerms, type Terms } from '../../shared/protocol/terms.ts';
import { MAX_BOUND_BLOCKS } from './checks.ts';
import type { PurchaseRecord } from './purchase-records.ts';

type RecordOf<K extends PurchaseRecord['record']> = K extends K
  ? Extract<PurchaseRecord, { record: K }>
  : never;

/** One funding transaction of a channel: more than one where a first could not be sent. */
export interface FundingState {
  /** Absent while another wallet has not signed it; that may send it itself, and this stays unknown. */
  readonly raw?: string;
  /** For the other wallet, hex. */
  readonly psbt?: string;
  readonly outpoint: Outpoint;
  readonly fee: bigint;
  readonly inputs: readonly Outpoint[];
  /** B's 64 bytes, hex. */
  readonly refundSignature?: string;
  readonly cancelSignature?: string;
  /** The tip when it was sent first. */
  readonly sentAt?: number;
}

export interface ChannelRecordState {
  readonly channelId: string;
  /** The canonical text that was sent. */
  readonly termsText: string;
  readonly terms: Terms;
  readonly keyIndex: number;
  readonly changeIndex: number;
  readonly continues?: string;
  readonly stopChunksHeight: number;
  readonly stopPaymentsHeight: number;
  /** Blocks that must be left to the refund height when the funding is confirmed. */
  readonly minimumLifeAtFunding: number;
  readonly opened: boolean;
  readonly abandoned: boolean;
  readonly fundings: readonly FundingState[];
  readonly confirmed?: { readonly outpoint: Outpoint; readonly height: number };
  /** The highest commitment that was signed. */
  readonly signed?: { readonly k: number; readonly signature: string };
  /** Chunks the shop has acknowledged payment for. */
  readonly paid: number;
  /** The last link to each chunk, by its number within the channel, until the chunk is here. */
  readonly links: Map<number, ChunkLink>;
  readonly closed?: string;
  readonly returnSent?: RecordOf<'return-sent'>;
  readonly ended?: RecordOf<'ended'>;
}

/** What the journal adds up to. */
export interface PurchaseState {
  readonly plan?: RecordOf<'planned'>;
  /** In the order they were planned. */
  readonly channels: readonly ChannelRecordState[];
  /** Chunks of the dataset that are on the disk, checked. */
  readonly verified: Set<number>;
  /** Chunks of the dataset of which something may be on the disk. */
  readonly begun: Set<number>;
  /** Segments that are on the disk for good, by the chunk they are of, until all of it is. */
  readonly synced: Map<number, Set<number>>;
  readonly complete: boolean;
  /** More may have been signed than the journal says. */
  readonly restored: boolean;
  /** The parts of the dataset that were asked for; without any, or with an empty one, all of it was. */
  readonly asked: readonly (readonly string[])[];
}

const emptyPurchase = { channels: [], complete: false, restored: false, asked: [] };

export function purchaseState(records: readonly PurchaseRecord[]): PurchaseState {
  return records.reduce(foldRecord, {
    ...emptyPurchase,
    verified: new Set<number>(),
    begun: new Set<number>(),
    synced: new Map<number, Set<number>>(),
  });
}

/** What was ready to be sent when the recovery file was written may be on the chain, at the earliest when it could be. */
function mayBeSent(channel: ChannelRecordState): ChannelRecordState {
  const earliest = Math.max(0, channel.terms.refundHeight - MAX_BOUND_BLOCKS);
  const fundings = channel.fundings.map((funding) =>
    funding.refundSignature === undefined ? funding : { sentAt: earliest, ...funding },
  );
  return channel.abandoned ? channel : { ...channel, fundings };
}

/** The state after one more record. The sets of chunks and links are changed in place: copying them for each chunk is quadratic. */
export function foldRecord(state: PurchaseState, record: PurchaseRecord): PurchaseState {
  switch (record.record) {
    case 'chunk-begun':
      state.begun.add(record.chunk);
      return state;
    case 'segments-synced': {
      const known = state.synced.get(record.chunk) ?? [];
      state.synced.set(record.chunk, new Set([...known, ...record.segments]));
      return state;
    }
    case 'chunk-verified':
      state.verified.add(record.chunk);
      state.synced.delete(record.chunk);
      for (const { links, terms } of state.channels) links.delete(record.chunk - terms.first);
      return state;
    case 'chunk-lost':
      state.verified.delete(record.chunk);
      state.synced.delete(record.chunk);
      return { ...state, complete: false };
    case 'planned':
      return { ...state, plan: record };
    case 'asked':
      return { ...state, asked: [...state.asked, record.only] };
    case 'complete':
      return { ...state, complete: true };
    case 'restored':
      return { ...state, restored: true, channels: state.channels.map(mayBeSent) };
    case 'channel-planned':
      return { ...state, channels: [...state.channels, plannedChannel(record)] };
    default:
      return {
        ...state,
        channels: state.channels.map((channel) =>
          channel.channelId === record.channel ? foldChannel(channel, record) : channel,
        ),
      };
  }
}

function plannedChannel(record: RecordOf<'channel-planned'>): ChannelRecordState {
  return {
    channelId: record.channel,
    termsText: record.terms,
    terms: parseTerms(utf8ToBytes(record.terms)),
    keyIndex: record.keyIndex,
    changeIndex: record.changeIndex,
    ...(record.continues !== undefined && { continues: record.continues }),
    stopChunksHeight: record.stopChunksHeight,
    stopPaymentsHeight: record.stopPaymentsHeight,
    minimumLifeAtFunding: record.minimumLifeAtFunding,
    opened: false,
    abandoned: false,
    fundings: [],
    paid: 0,
    links: new Map(),
  };
}

type ChannelRecord = Exclude<
  PurchaseRecord,
  RecordOf<
    | 'planned'
    | 'asked'
    | 'complete'
    | 'restored'
    | 'channel-planned'
    | 'chunk-begun'
    | 'segments-synced'
    | 'chunk-verified'
    | 'chunk-lost'
  >
>;

function foldChannel(channel: ChannelRecordState, record: ChannelRecord): ChannelRecordState {
  switch (record.record) {
    case 'opened':
      return { ...channel, opened: true };
    case 'abandoned':
      return { ...channel, abandoned: true };
    case 'funding-built': {
      const { raw, outpoint, inputs } = record;
      return {
        ...channel,
        fundings: [...channel.fundings, { raw, outpoint, inputs, fee: BigInt(record.fee) }],
      };
    }
    case 'funding-drafted': {
      const { psbt, outpoint, inputs } = record;
      return {
        ...channel,
        fundings: [...channel.fundings, { psbt, outpoint, inputs, fee: BigInt(record.fee) }],
      };
    }
    case 'funding-signed':
      return withFunding(channel, record.outpoint, { raw: record.raw });
    case 'refund-cosigned':
      return withFunding(channel, record.outpoint, { refundSignature: record.signature });
    case 'cancel-signed':
      return withFunding(channel, record.outpoint, { cancelSignature: record.signature });
    case 'funding-sent':
      return withFunding(channel, record.outpoint, { sentAt: record.height });
    case 'funding-confirmed':
      return { ...channel, confirmed: { outpoint: record.outpoint, height: record.height } };
    case 'commitment-signed':
      return record.k > (channel.signed?.k ?? 0)
        ? { ...channel, signed: { k: record.k, signature: record.signature } }
        : channel;
    case 'commitment-accepted':
      return { ...channel, paid: Math.max(channel.paid, record.k) };
    case 'link-given': {
      const { chunk, size, url, expiresAt } = record;
      channel.links.set(chunk, { chunk, size, url, expiresAt });
      return channel;
    }
    case 'closed':
      return { ...channel, closed: record.state };
    case 'return-sent':
      return { ...channel, returnSent: record };
    case 'ended':
      return { ...channel, ended: record };
  }
}

function withFunding(
  channel: ChannelRecordState,
  outpoint: Outpoint,
  addition: Partial<FundingState>,
): ChannelRecordState {
  const fundings = channel.fundings.map((funding) =>
    sameOutpoint(funding.outpoint, outpoint)
      ? // The earliest height stands: a search for spends begins there.
        { ...funding, ...addition, ...(funding.sentAt !== undefined && { sentAt: funding.sentAt }) }
      : funding,
  );
  return { ...channel, fundings };
}

export function sameOutpoint(a: Outpoint, b: Outpoint): boolean {
  return a.txid === b.txid && a.vout === b.vout;
}

/** The channel the purchase is buying through now: the last one, unless it is over. */
export function currentChannel(state: PurchaseState): ChannelRecordState | undefined {
  const last = state.channels.at(-1);
  return last && !isOver(last) ? last : undefined;
}

export function channelIn({ channels }: PurchaseState, channelId: string): ChannelRecordState {
  const channel = channels.find((one) => one.channelId === channelId);
  if (!channel) throw new Error(`there is no channel ${channelId} in the journal`);
  return channel;
}

export function isOver(channel: ChannelRecordState): boolean {
  return channel.abandoned || channel.closed !== undefined || channel.ended !== undefined;
}

/** A funding that may be on the chain: from here on the channel's money is bound. */
export function sentFundings(channel: ChannelRecordState): readonly FundingState[] {
  return channel.fundings.filter(({ sentAt }) => sentAt !== undefined);
}

/** A funding that another wallet was given and, as far as anybody knows, has not signed. */
export function isUnsigned({ raw, psbt }: FundingState): boolean {
  return raw === undefined && psbt !== undefined;
}

/** Whether a chunk of the dataset is paid for, in whichever channel. */
export function isPaidIn({ channels }: PurchaseState): (chunk: number) => boolean {
  const runs = channels
    .filter(({ paid }) => paid > 0)
    .map(({ terms, paid }) => [terms.first, terms.first + paid]);
  return (chunk) => runs.some(([first = 0, end = 0]) => chunk >= first && chunk < end);
}
