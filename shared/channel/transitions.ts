import type { ChannelState } from '../http/api.ts';
import type { Channel, ChannelChange, ChannelStore, Expectation } from '../store/channel-record.ts';

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

/**
 * Changes a channel's state by one conditional write, along the table above.
 * @returns the channel after it, or undefined where the expectation does not hold any more
 * @throws TypeError for a transition that is not in the table: a mistake of ours
 */
export function advance(
  channels: ChannelStore,
  id: string,
  expectation: Expectation,
  to: ChannelState,
  change: Omit<ChannelChange, 'state'> = {},
): Promise<Channel | undefined> {
  for (const from of expectation.states) {
    if (!TRANSITIONS[from].includes(to)) throw new TypeError(`no transition from ${from} to ${to}`);
  }
  return channels.change(id, expectation, { ...change, state: to });
}
