import type { Outpoint, Tip } from '../chain/chain.ts';
import { ChainUnavailable } from '../chain/chain.ts';
import { Problem } from '../errors.ts';
import { payToWitnessScript } from '../protocol/script.ts';
import type { Channel } from '../store/channel-record.ts';
import {
  BLOCKS_KEPT_AFTER_REFUND,
  deadlines,
  sameBytes,
  sameOutpoint,
  witnessScript,
} from './channel-facts.ts';
import { confirmationsRequired } from './funding-depth.ts';
import type { Shop } from './shop.ts';
import { advance } from './transitions.ts';
import { CHANGED_MEANWHILE, untilDecided } from './until-decided.ts';

/** Blocks the funding has and needs. */
export interface FundingProgress {
  readonly channel: Channel;
  readonly confirmations: number;
  readonly confirmationsRequired: number;
}

/**
 * Looks for the funding on the chain and opens the channel once it is deep enough (rules 10 to 13).
 * @throws Problem funding-not-found, funding-mismatch, channel-ended, chain-unavailable
 */
export async function confirmFunding(
  shop: Shop,
  channel: Channel,
  outpoint: Outpoint,
): Promise<FundingProgress> {
  return untilDecided(shop, channel, async (current) => {
    const required = confirmationsRequired(current.terms.capacity, shop.policy);
    if (current.funding) {
      if (!sameOutpoint(current.funding.outpoint, outpoint)) {
        throw new Problem('funding-mismatch', 'the channel opened on another outpoint');
      }
      const { height } = await shop.tips.recent();
      return progress(current, height, required);
    }
    if (current.state !== 'PROPOSED') {
      throw new Problem('channel-ended', `the channel is ${current.state} and takes no funding`, {
        state: current.state,
      });
    }
    const tip = await shop.tips.fresh();
    const found = await fundingOnChain(shop, current, outpoint);
    if (current.terms.refundHeight - tip.height < shop.policy.minimumLifeAtFunding) {
      return refuse(shop, current, outpoint, required);
    }
    const depth = found.confirmation ? tip.height - found.confirmation.height + 1 : 0;
    if (!found.confirmation || depth < required)
      return waitFor(shop, current, outpoint, tip, depth, required);
    const funding = { outpoint, ...found.confirmation };
    const opened = await advance(
      shop,
      current.id,
      { states: ['PROPOSED'] },
      'OPEN',
      { funding, dueAt: nextLook(shop, current, tip.height, funding.height) },
      { height: funding.height, confirmations: depth },
    );
    if (!opened) return CHANGED_MEANWHILE;
    return { channel: opened, confirmations: depth, confirmationsRequired: required };
  });
}

/** A funding younger than this is looked at with every block: a reorg may take it. */
const WATCHED_DEPTH = 6;

/** The height at which the schedule looks at an open channel next. */
export function nextLook(
  shop: Pick<Shop, 'policy'>,
  channel: Channel,
  tip: number,
  fundingHeight: number,
): number {
  if (channel.paid === channel.terms.count) return 0;
  const { close } = deadlines(channel, shop.policy);
  return tip - fundingHeight + 1 < WATCHED_DEPTH ? Math.min(tip + 1, close) : close;
}

/** Rule 10: exactly the script and the capacity, no coinbase; rule 11: unspent. */
export async function fundingOnChain(shop: Shop, channel: Channel, outpoint: Outpoint) {
  const found = await chainAnswer(shop.chain.unspentOutput(outpoint));
  if (!found) throw new Problem('funding-not-found', 'no unspent output at this outpoint');
  if (!sameBytes(found.script, payToWitnessScript(witnessScript(channel)))) {
    throw new Problem('funding-mismatch', "the output does not pay the channel's script");
  }
  if (found.value !== channel.terms.capacity) {
    throw new Problem(
      'funding-mismatch',
      `the output pays ${found.value} satoshis, the capacity is ${channel.terms.capacity}`,
    );
  }
  if (found.coinbase) throw new Problem('funding-mismatch', 'the output is of a coinbase transaction');
  return found;
}

/** Rule 12: a funding that was held back, so that L would come before the seller is safe, never opens the channel. */
async function refuse(shop: Shop, channel: Channel, outpoint: Outpoint, required: number) {
  const refused = await advance(shop, channel.id, { states: ['PROPOSED'] }, 'REFUSED', {
    claimed: outpoint,
    dueAt: channel.terms.refundHeight + BLOCKS_KEPT_AFTER_REFUND,
  });
  if (!refused) return CHANGED_MEANWHILE;
  return { channel: refused, confirmations: 0, confirmationsRequired: required };
}

/** Remembers the outpoint, so that the schedule opens the channel even if A does not ask again. */
async function waitFor(
  shop: Shop,
  channel: Channel,
  outpoint: Outpoint,
  tip: Tip,
  confirmations: number,
  confirmationsRequired: number,
) {
  const waiting = await shop.channels.change(
    channel.id,
    { states: ['PROPOSED'] },
    { claimed: outpoint, dueAt: tip.height + 1 },
  );
  return waiting ? { channel: waiting, confirmations, confirmationsRequired } : CHANGED_MEANWHILE;
}

function progress(channel: Channel, tip: number, required: number): FundingProgress {
  const confirmations = channel.funding ? tip - channel.funding.height + 1 : 0;
  return { channel, confirmations: Math.max(0, confirmations), confirmationsRequired: required };
}

async function chainAnswer<Answer>(answer: Promise<Answer>): Promise<Answer> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof ChainUnavailable)
      throw new Problem('chain-unavailable', 'the chain source does not answer');
    throw error;
  }
}
