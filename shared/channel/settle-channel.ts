import type { BroadcastOutcome, Spend } from '../chain/chain.ts';
import { MAX_FEE_RATE, SETTLED_DEPTH } from '../limits.ts';
import { DUST_LIMIT, outputKind, payToWitnessScript } from '../protocol/script.ts';
import { type SettlementMember, settlement, settlementVirtualSize } from '../protocol/transactions.ts';
import type { Channel, FundingRecord, SettlementRecord } from '../store/channel-record.ts';
import { BLOCKS_KEPT_AFTER_REFUND, changeOf, fundingAt, priceOf, witnessScript } from './channel-facts.ts';
import type { Shop } from './shop.ts';
import { advance } from './transitions.ts';

/** Blocks within which a settlement should confirm: there are 144 before the refund height. */
const FEE_TARGET_BLOCKS = 6;

/**
 * Brings a CLOSING channel one step nearer to its end (rule 23): sees who spent the funding, and if nobody did, signs,
 * stores and broadcasts the settlement of the best commitment. May run at any time, any number of times, in parallel.
 * @returns the channel after the step
 */
export async function settleChannel(shop: Shop, channel: Channel): Promise<Channel> {
  const { funding } = channel;
  if (!funding) throw new Error('a channel without funding cannot be settled');
  const spend = await shop.chain.spend(
    funding.outpoint,
    payToWitnessScript(witnessScript(channel)),
    funding.height,
  );
  if (spend) return recordSpend(shop, channel, spend);
  if (channel.paid === 0) return waitForRefund(shop, channel);
  return broadcastSettlement(shop, channel, funding);
}

/** Nothing was sold: from L on A takes its money back, whenever it likes. */
async function waitForRefund(shop: Shop, channel: Channel): Promise<Channel> {
  const { height } = await shop.tips.fresh();
  const dueAt = Math.max(height + 1, channel.terms.refundHeight);
  return (await shop.channels.change(channel.id, { states: ['CLOSING'] }, { dueAt })) ?? channel;
}

/** What spends the funding: B's settlement is of version 3, everything A can broadcast is of version 2. */
async function recordSpend(shop: Shop, channel: Channel, spend: Spend): Promise<Channel> {
  const { txid, confirmation } = spend;
  const isSettlement = spend.raw.startsWith('03000000');
  if (!isSettlement)
    shop.log('funding-spent-by-buyer', { alarm: channel.paid > 0, channelId: channel.id, txid });
  const seen = { txid, ...(confirmation && { height: confirmation.height }) };
  const { height } = await shop.tips.fresh();
  if (!confirmation || height - confirmation.height + 1 < SETTLED_DEPTH) {
    if (channel.spend?.txid === seen.txid && channel.spend.height === confirmation?.height) return channel;
    return (await shop.channels.change(channel.id, { states: ['CLOSING'] }, { spend: seen })) ?? channel;
  }
  const end = isSettlement ? 'SETTLED' : 'EXPIRED';
  shop.log(isSettlement ? 'channel-settled' : 'channel-expired', { channelId: channel.id, txid });
  const ended = await advance(shop.channels, channel.id, { states: ['CLOSING'] }, end, {
    spend: seen,
    dueAt: channel.terms.refundHeight + BLOCKS_KEPT_AFTER_REFUND,
  });
  return ended ?? channel;
}

async function broadcastSettlement(shop: Shop, channel: Channel, funding: FundingRecord): Promise<Channel> {
  const last = channel.settlements.at(-1);
  if (last) {
    const outcome = await send(shop, channel, last);
    if (outcome.kind !== 'fee-too-low') return channel;
  }
  const signed = await signSettlement(shop, channel, funding);
  if (!signed || (last && !isWorthAnother(signed, last))) return channel;
  // The commitment that was signed for is the best there is: once CLOSING, no other is accepted (rule 18).
  const stored = await shop.channels.change(
    channel.id,
    { states: ['CLOSING'], paid: channel.paid, settlements: channel.settlements.length },
    { addSettlement: signed, spend: { txid: signed.txid } },
  );
  if (!stored) return channel;
  await send(shop, stored, signed);
  return stored;
}

/** Each variant is kept for good in one item, so a new one must pay an eighth more: fewer than a hundred fit below any fee cap. */
function isWorthAnother(signed: SettlementRecord, last: SettlementRecord): boolean {
  return signed.fee * 8n >= last.fee * 9n;
}

async function signSettlement(
  shop: Shop,
  channel: Channel,
  funding: FundingRecord,
): Promise<SettlementRecord | undefined> {
  if (!channel.commitment) throw new Error('a channel that was paid has a commitment');
  const member: SettlementMember = {
    funding: fundingAt(channel, funding.outpoint),
    changeScript: channel.terms.changeScript,
    change: changeOf(channel, channel.paid),
    buyerSignature: channel.commitment,
  };
  const share = priceOf(channel, channel.paid);
  const fee = await settlementFee(shop, share, settlementVirtualSize([member], shop.payoutScript));
  const payout = share - fee;
  if (payout < DUST_LIMIT[outputKind(shop.payoutScript) ?? 'P2WSH']) {
    shop.log('settlement-uneconomic', {
      alarm: true,
      channelId: channel.id,
      share: `${share}`,
      fee: `${fee}`,
    });
    return undefined;
  }
  const unsigned = settlement([member], { script: shop.payoutScript, value: payout });
  const transaction = unsigned.sign(
    await Promise.all(unsigned.digests.map((digest) => shop.signer.sign(digest))),
  );
  const { height } = await shop.tips.recent();
  return { txid: transaction.getId(), raw: transaction.toHex(), fee, signedAtHeight: height };
}

/** Satoshis: the node's estimate, at most `MAX_FEE_RATE`, and half of the share unless even the least fee is more. */
async function settlementFee(shop: Shop, share: bigint, virtualSize: number): Promise<bigint> {
  const estimate = await shop.chain.feeRate(FEE_TARGET_BLOCKS);
  const rate = estimate < MAX_FEE_RATE ? estimate : MAX_FEE_RATE;
  const wanted = feeFor(rate, virtualSize);
  const budget = share / 2n;
  const least = feeFor(MINIMUM_FEE_RATE, virtualSize);
  const affordable = wanted < budget ? wanted : budget;
  return affordable > least ? affordable : least;
}

/** Satoshis per 1,000 vB that nodes relay at the least (Bitcoin Core's default before 29.1). */
const MINIMUM_FEE_RATE = 1_000n;

function feeFor(rate: bigint, virtualSize: number): bigint {
  return (rate * BigInt(virtualSize) + 999n) / 1000n;
}

async function send(
  shop: Shop,
  channel: Channel,
  { txid, raw, fee }: SettlementRecord,
): Promise<BroadcastOutcome> {
  const outcome = await shop.chain.broadcast(raw);
  const failed = outcome.kind !== 'accepted' && outcome.kind !== 'already-known';
  shop.log('settlement-broadcast', {
    channelId: channel.id,
    txid,
    fee: fee.toString(),
    outcome: outcome.kind,
    ...(failed && { alarm: true, detail: outcome.detail }),
  });
  return outcome;
}
