import { ChainDisagreement, type Spend } from '../chain/chain.ts';
import { DUST_LIMIT, outputKind, payToWitnessScript } from '../protocol/script.ts';
import type { SettlementMember } from '../protocol/transactions.ts';
import type { Candidate } from '../settlement/batch-fee.ts';
import type { Spender } from '../settlement/settlement-view.ts';
import type { Channel, FundingRecord } from '../store/channel-record.ts';
import { changeOf, fundingAt, priceOf, witnessScript } from './channel-facts.ts';
import type { Shop } from './shop.ts';

/** A CLOSING channel that can be settled: it was paid, and nothing in the best chain spends its funding. */
export interface ClosingChannel extends Candidate {
  readonly channel: Channel;
  /** What a settlement of it is signed with. */
  readonly member: SettlementMember;
  /** The transaction in the mempool that spends the funding. */
  readonly unconfirmed?: Spend;
  /** Whether the best chain holds the funding. */
  readonly fundingConfirmed: boolean;
}

/** Who spends a channel's funding, as the chain has it now; where its sources contradict each other, nobody. */
export function spendOf(shop: Pick<Shop, 'chain'>, channel: Channel): Promise<Spend | undefined> {
  const { outpoint, height } = fundingRecordOf(channel);
  return unlessDisputed(
    shop.chain.spend(outpoint, payToWitnessScript(witnessScript(channel)), height),
    undefined,
  );
}

/**
 * A source that lies must not keep a settlement back: sent once too often it does no harm, not sent it loses the share. The
 * disagreement itself raises an alarm where it is found.
 */
async function unlessDisputed<Answer>(answer: Promise<Answer>, otherwise: Answer): Promise<Answer> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof ChainDisagreement) return otherwise;
    throw error;
  }
}

/** B's settlements are of version 3; everything that A can broadcast is of version 2. */
export function spenderOf({ raw }: Spend): Spender {
  return raw.startsWith('03000000') ? 'seller' : 'buyer';
}

/** @param spend what spends the funding, unconfirmed, if anything does */
export async function closingChannel(
  shop: Pick<Shop, 'chain' | 'policy'>,
  channel: Channel,
  spend: Spend | undefined,
): Promise<ClosingChannel> {
  const { outpoint } = fundingRecordOf(channel);
  if (!channel.commitment) throw new Error('a channel that was paid has a commitment');
  const change = changeOf(channel, channel.paid);
  const { changeScript, refundHeight } = channel.terms;
  const funding = fundingAt(channel, outpoint);
  return {
    id: channel.id,
    channel,
    share: priceOf(channel, channel.paid),
    refundHeight,
    change,
    changeScript,
    member: { funding, changeScript, change, buyerSignature: channel.commitment },
    // What spends it could not be in the mempool without it.
    fundingConfirmed: spend !== undefined || (await isConfirmed(shop, channel)),
    ...(spend && { unconfirmed: spend }),
    ...(shop.policy.waitForBatch && { waitUntil: refundHeight - shop.policy.close }),
  };
}

async function isConfirmed({ chain }: Pick<Shop, 'chain'>, channel: Channel): Promise<boolean> {
  const output = chain.unspentOutput(fundingRecordOf(channel).outpoint);
  return unlessDisputed(
    output.then((found) => found?.confirmation !== undefined),
    true,
  );
}

export function fundingRecordOf({ id, funding }: Channel): FundingRecord {
  if (!funding) throw new Error(`channel ${id} was never funded`);
  return funding;
}

/** The least the payout may be, satoshis. */
export function payoutDust({ payoutScript }: Pick<Shop, 'payoutScript'>): bigint {
  return DUST_LIMIT[outputKind(payoutScript) ?? 'P2WSH'];
}
