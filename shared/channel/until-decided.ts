import { Problem } from '../errors.ts';
import type { Channel } from '../store/channel-record.ts';
import type { Shop } from './shop.ts';

/** Says that the channel changed under a decision, which must be made again on what it is now. */
export const CHANGED_MEANWHILE: unique symbol = Symbol('changed meanwhile');

/** More rounds than this many lost races in a row are a storm, not a coincidence. */
const ROUNDS = 5;

/**
 * Decides on a channel, and again on what the store holds now for as long as the decision's conditional write loses a race.
 * @throws Problem busy after too many rounds, not-found where the channel is gone
 */
export async function untilDecided<Decision>(
  shop: Pick<Shop, 'channels'>,
  channel: Channel,
  decide: (current: Channel) => Promise<Decision | typeof CHANGED_MEANWHILE>,
): Promise<Decision> {
  let current = channel;
  for (let round = 0; round < ROUNDS; round++) {
    const decision = await decide(current);
    if (decision !== CHANGED_MEANWHILE) return decision;
    const now = await shop.channels.get(channel.id);
    if (!now) throw new Problem('not-found', 'the channel is gone');
    current = now;
  }
  throw new Problem('busy', 'other requests keep changing the channel');
}
