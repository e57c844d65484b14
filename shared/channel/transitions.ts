import type { ChannelState } from '../http/api.ts';
import type { Log } from '../log.ts';
import type { Channel, ChannelChange, Expectation } from '../store/channel-record.ts';
import type { Shop } from './shop.ts';

/**
 * Every change of state there is. CANCELLED, SETTLED and EXPIRED end a channel; REFUSED does too, but that a channel which
 * never opened may still be cancelled, so that A need not wait for L.
 */
export const TRANSITIONS: Readonly<Record<ChannelState, readonly ChannelState[]>> = {
  /** Opens when its funding is deep enough; refused when that comes too late; expires unfunded. */
  PROPOSED: ['OPEN', 'REFUSED', 'CANCELLED', 'EXPIRED'],
  OPEN: ['SUSPENDED', 'CLOSING', 'CANCELLED'],
  /** The funding left the best chain: it comes back, or the height to settle comes first. */
  SUSPENDED: ['OPEN', 'CLOSING'],
  CLOSING: ['SETTLED', 'EXPIRED'],
  REFUSED: ['CANCELLED'],
  CANCELLED: [],
  SETTLED: [],
  EXPIRED: [],
};

/** The line of the log that tells of each state a channel comes into. */
const EVENTS: Readonly<Record<ChannelState, string>> = {
  PROPOSED: 'channel-proposed',
  OPEN: 'channel-opened',
  SUSPENDED: 'funding-left-the-chain',
  CLOSING: 'channel-closing',
  SETTLED: 'channel-settled',
  CANCELLED: 'channel-cancelled',
  REFUSED: 'funding-too-late',
  EXPIRED: 'channel-expired',
};

/**
 * Changes a channel's state by one conditional write, along the table above, and tells of it.
 * @param fields what the line says besides the channel and what is paid
 * @returns the channel after it, or undefined where the expectation does not hold any more
 * @throws TypeError for a transition that is not in the table: a mistake of ours
 */
export async function advance(
  { channels, log }: Pick<Shop, 'channels' | 'log'>,
  id: string,
  expectation: Expectation,
  to: ChannelState,
  change: Omit<ChannelChange, 'state'> = {},
  fields: Parameters<Log>[1] = {},
): Promise<Channel | undefined> {
  for (const from of expectation.states) {
    if (!TRANSITIONS[from].includes(to)) throw new TypeError(`no transition from ${from} to ${to}`);
  }
  const after = await channels.change(id, expectation, { ...change, state: to });
  if (after) tellState(log, after, fields);
  return after;
}

/** One line for each channel that comes into a state: what is counted by state is counted from it. */
export function tellState(log: Log, { id, state, paid }: Channel, fields: Parameters<Log>[1] = {}): void {
  log(EVENTS[state], { channelId: id, paid, ...fields });
}
