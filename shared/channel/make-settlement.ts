import type { BroadcastOutcome } from '../chain/chain.ts';
import { settlement } from '../protocol/transactions.ts';
import { type BatchView, priceBatch } from '../settlement/batch-fee.ts';
import { type MemberTest, repairBatch } from '../settlement/batch-repair.ts';
import { sum } from '../settlement/fee-rate.ts';
import type { SettlementPolicy } from '../settlement/settlement-policy.ts';
import type { StoredSettlement } from '../store/channel-record.ts';
import { type ClosingChannel, payoutDust } from './closing-channel.ts';
import type { Shop } from './shop.ts';

/** What holds for every decision of one run. */
export interface SettlementRound {
  readonly view: BatchView;
  readonly policy: SettlementPolicy;
  /** The node's incremental relay fee, satoshis per 1,000 vB. */
  readonly incremental: bigint;
}

/**
 * Signs a settlement, stores it, notes it at each of its channels, and only then sends it (rule 23). Should a channel have
 * changed meanwhile, nothing is sent: the next run decides on what is true then.
 * @param fee satoshis
 */
export async function makeSettlement(
  shop: Shop,
  members: readonly ClosingChannel[],
  fee: bigint,
  round: SettlementRound,
): Promise<void> {
  const signed = await signSettlement(shop, members, fee, round);
  await shop.channels.putSettlement(signed);
  const noted = await Promise.all(members.map(({ channel }) => note(shop, channel, signed)));
  if (!noted.every(Boolean)) return;
  const outcome = await sendSettlement(shop, signed);
  if (isRefused(outcome) && members.length > 1) await makeWithoutFailing(shop, members, round);
}

/** The commitment that is signed for is the best there is: once CLOSING, no other is accepted (rule 18). */
async function note(
  shop: Shop,
  channel: ClosingChannel['channel'],
  signed: StoredSettlement,
): Promise<boolean> {
  const { txid, signedAtHeight } = signed;
  const changed = await shop.channels.change(
    channel.id,
    { states: ['CLOSING'], paid: channel.paid, settlements: channel.settlements.length },
    { addSettlement: { txid, signedAtHeight }, spend: { txid } },
  );
  return changed !== undefined;
}

async function signSettlement(
  shop: Shop,
  members: readonly ClosingChannel[],
  fee: bigint,
  { view: { tip } }: SettlementRound,
): Promise<StoredSettlement> {
  const payout = sum(members.map(({ share }) => share)) - fee;
  // The last gate: whatever was decided, B's own output is never less than nodes relay.
  if (payout < payoutDust(shop)) throw new RangeError(`a fee of ${fee} leaves ${payout} satoshis`);
  const unsigned = settlement(
    members.map(({ member }) => member),
    { script: shop.payoutScript, value: payout },
  );
  const transaction = unsigned.sign(
    await Promise.all(unsigned.digests.map((digest) => shop.signer.sign(digest))),
  );
  return {
    txid: transaction.getId(),
    raw: transaction.toHex(),
    fee,
    virtualSize: transaction.virtualSize(),
    signedAtHeight: tip,
    members: members.map(({ id }) => id),
  };
}

/** Sends a settlement that is stored already. */
export async function sendSettlement(
  shop: Pick<Shop, 'chain' | 'log'>,
  { txid, raw, fee, members }: StoredSettlement,
): Promise<BroadcastOutcome> {
  const outcome = await shop.chain.broadcast(raw);
  const failed = outcome.kind !== 'accepted' && outcome.kind !== 'already-known';
  shop.log('settlement-broadcast', {
    txid,
    channels: members.length,
    fee: fee.toString(),
    outcome: outcome.kind,
    ...(failed && { alarm: true, detail: outcome.detail }),
  });
  return outcome;
}

/** Not about the fee: something in the transaction is not as we think. */
export function isRefused({ kind }: BroadcastOutcome): boolean {
  return (
    kind === 'missing-inputs' || kind === 'rejected' || kind === 'truc-violation' || kind === 'non-final'
  );
}

/**
 * Finds the members that fail by testing each one's settlement alone, and settles the others without them: one bad channel
 * never holds up a batch.
 */
export async function makeWithoutFailing(
  shop: Shop,
  members: readonly ClosingChannel[],
  round: SettlementRound,
): Promise<void> {
  const tested = [];
  for (const member of members) tested.push({ member, test: await testAlone(shop, member, round) });
  const { rebuilt, dropped } = repairBatch(tested);
  for (const { member, reason } of dropped) {
    shop.log('settlement-member-dropped', { alarm: true, channelId: member.id, reason });
  }
  for (const group of rebuilt) {
    const now = await Promise.all(group.map((member) => reloaded(shop, member)));
    const still = now.filter((member) => member !== undefined);
    const { settlement: priced } = priceBatch(still, round.view, round.policy);
    if (priced) await makeSettlement(shop, priced.members, priced.fee, round);
  }
}

/** As it is stored now: the refused batch was noted at it. */
async function reloaded(shop: Shop, member: ClosingChannel): Promise<ClosingChannel | undefined> {
  const channel = await shop.channels.get(member.id);
  return channel?.state === 'CLOSING' ? { ...member, channel } : undefined;
}

/** What the node would say to the member's settlement alone. Nothing of it is kept or sent. */
async function testAlone(shop: Shop, member: ClosingChannel, round: SettlementRound): Promise<MemberTest> {
  const { settlement: priced } = priceBatch([member], round.view, round.policy);
  if (!priced) return 'unanswered';
  try {
    const alone = await signSettlement(shop, [member], priced.fee, round);
    return (await shop.chain.testAcceptance(alone.raw)).kind;
  } catch (error) {
    shop.log('settlement-test-failed', { channelId: member.id, reason: String(error) });
    return 'unanswered';
  }
}
