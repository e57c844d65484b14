import { ChainDisagreement, type Spend } from '../chain/chain.ts';
import { SETTLED_DEPTH } from '../limits.ts';
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

/**
 * Who spends a channel's funding, as the chain has it now; where its sources contradict each other, nobody. A node searches
 * block by block, so only those are searched that can hold the spend, and all of them only if it must be somewhere else.
 */
export async function spendOf(shop: Pick<Shop, 'chain'>, channel: Channel): Promise<Spend | undefined> {
  const { outpoint, height } = fundingRecordOf(channel);
  const script = payToWitnessScript(witnessScript(channel));
  const search = async () => {
    const found = await shop.chain.spend(outpoint, script, firstSpendHeight(channel));
    if (found || (await shop.chain.unspentOutput(outpoint))) return found;
    return shop.chain.spend(outpoint, script, height);
  };
  return unlessDisputed(search(), undefined);
}

/** A settlement is mined after it was signed, give or take a reorganisation; a refund from L on. */
function firstSpendHeight(channel: Channel): number {
  const [first] = channel.settlements;
  const { refundHeight } = channel.terms;
  const from = first ? Math.min(first.signedAtHeight - SETTLED_DEPTH, refundHeight) : refundHeight;
  return Math.max(fundingRecordOf(channel).height, from);
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
