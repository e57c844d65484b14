import type { Log } from './log.ts';

/**
 * The shop's own metrics and their units. Whoever counts, alarms or draws takes the names from here: none can be renamed on
 * one side alone.
 */
export const METRICS = {
  ChunksSold: 'Count',
  /** A metric is a floating-point number and no account: money is counted in the table. */
  SatoshisEarned: 'Count',
  /** Of the chunks sold, to be held against what leaves the bucket. */
  BytesPaid: 'Bytes',
  ChannelsProposed: 'Count',
  ChannelsOpened: 'Count',
  ChannelsSuspended: 'Count',
  ChannelsClosing: 'Count',
  ChannelsSettled: 'Count',
  ChannelsExpired: 'Count',
  ChannelsCancelled: 'Count',
  ChannelsRefused: 'Count',
  SweepsDone: 'Count',
  /** Since the run before ended. */
  SweepAge: 'Seconds',
  /** From the tip to the next refund height of what is to be settled and in no block yet. */
  BlocksToDeadline: 'Count',
  SignerFailures: 'Count',
  ChainDisagreements: 'Count',
  /** Lines with `alarm: true` that are not counted by a metric with an alarm of its own. */
  AlarmLines: 'Count',
} as const;

export type MetricName = keyof typeof METRICS;

/** Every metric has this one dimension and no other, or each would be a metric a function, and a price each. */
export const METRIC_DIMENSIONS = { service: 'spillway' } as const;

type Fields = Parameters<Log>[1];
type Measured = Readonly<Partial<Record<MetricName, number>>>;

/** What each line of the log counts for. */
const COUNTED: Readonly<Record<string, (fields: Fields) => Measured>> = {
  'commitment-accepted': ({ chunks, satoshis, bytes }) => ({
    ChunksSold: Number(chunks),
    SatoshisEarned: Number(satoshis),
    BytesPaid: Number(bytes),
  }),
  'channel-proposed': () => ({ ChannelsProposed: 1 }),
  'channel-opened': () => ({ ChannelsOpened: 1 }),
  'funding-left-the-chain': () => ({ ChannelsSuspended: 1 }),
  'channel-closing': () => ({ ChannelsClosing: 1 }),
  'channel-settled': () => ({ ChannelsSettled: 1 }),
  'channel-expired': () => ({ ChannelsExpired: 1 }),
  'channel-cancelled': () => ({ ChannelsCancelled: 1 }),
  'funding-too-late': () => ({ ChannelsRefused: 1 }),
  'sweep-done': ({ secondsSinceLast, blocksToDeadline }) => ({
    SweepsDone: 1,
    // An alarm's arithmetic on a metric without a value has none either: in a quiet minute nothing was paid.
    BytesPaid: 0,
    ...(secondsSinceLast !== undefined && { SweepAge: Number(secondsSinceLast) }),
    ...(blocksToDeadline !== undefined && { BlocksToDeadline: Number(blocksToDeadline) }),
  }),
};

/** Lines that have an alarm of their own. */
const ALARMS: Readonly<Record<string, MetricName>> = {
  'signing-failed': 'SignerFailures',
  'chain-sources-disagree': 'ChainDisagreements',
  'chain-tips-differ': 'ChainDisagreements',
};

/** The metrics of one line of the log. */
export function measure(event: string, fields: Fields): Measured {
  return {
    ...COUNTED[event]?.(fields),
    ...(fields.alarm === true && { [ALARMS[event] ?? 'AlarmLines']: 1 }),
  };
}
