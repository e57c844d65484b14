import type { Spend } from '../../shared/chain/chain.ts';
import { witnessScript } from '../../shared/channel/channel-facts.ts';
import { sweep } from '../../shared/channel/sweep.ts';
import { SETTLED_DEPTH } from '../../shared/limits.ts';
import { payToWitnessScript } from '../../shared/protocol/script.ts';
import { require } from './drill.ts';
import { type BuyerChannel, known } from './drill-buyer.ts';
import type { DrillShop } from './drill-shop.ts';
import type { Stage } from './stage.ts';

/** As much as the deployed function has when it begins. */
const TIME_MS = 60_000;

/** One run of the schedule. */
export async function runSchedule(shop: DrillShop): Promise<void> {
  await sweep(shop, () => TIME_MS);
}

/** Mines up to a height, with nobody watching. */
export async function mineTo(stage: Stage, height: number): Promise<void> {
  const blocks = height - (await stage.height());
  if (blocks > 0) await stage.mine(blocks);
}

/** The same, but no miner takes anything. */
export async function mineEmptyTo(stage: Stage, height: number): Promise<void> {
  const blocks = height - (await stage.height());
  if (blocks > 0) await stage.mineEmpty(blocks);
}

export function closeHeight(shop: DrillShop, { terms }: Pick<BuyerChannel, 'terms'>): number {
  return terms.refundHeight - shop.policy.close;
}

/** What spends a channel's funding, in a block or waiting for one. */
export async function spendOf(stage: Stage, { channel, outpoint }: BuyerChannel): Promise<Spend | undefined> {
  return stage.chain.spend(outpoint, payToWitnessScript(witnessScript(channel)), 1);
}

/** What miners would earn with the transaction that spends a channel's funding, satoshis per 1,000 vB; 0 where none waits. */
export async function waitingRate(stage: Stage, buyer: BuyerChannel): Promise<bigint> {
  const spend = await spendOf(stage, buyer);
  const entry = spend && !spend.confirmation ? await stage.chain.mempoolEntry(spend.txid) : undefined;
  if (!entry) return 0n;
  const own = (entry.fee * 1_000n) / BigInt(entry.virtualSize);
  const withAll = (entry.descendantFees * 1_000n) / BigInt(entry.descendantVirtualSize);
  return own > withAll ? own : withAll;
}

/** A block by a miner that takes a channel's transaction at this rate or above; until then its blocks are full of others'. */
export async function mineAtRate(stage: Stage, rate: bigint, buyer: BuyerChannel): Promise<void> {
  if ((await waitingRate(stage, buyer)) >= rate) await stage.mine(1);
  else await stage.mineEmpty(1);
}

/**
 * Blocks of such miners, with a run of the schedule after each, until the channel's money has moved.
 * @returns the height at which it did
 * @throws Error where that is later than `atLatest`
 */
export async function passUntilMined(
  stage: Stage,
  shop: DrillShop,
  buyer: BuyerChannel,
  { rate, atLatest }: { readonly rate: bigint; readonly atLatest: number },
): Promise<number> {
  for (;;) {
    const spend = await spendOf(stage, buyer);
    if (spend?.confirmation) return spend.confirmation.height;
    require((await stage.height()) < atLatest, `it is settled at height ${atLatest} at the latest`);
    await mineAtRate(stage, rate, buyer);
    await runSchedule(shop);
  }
}

/** Mines what waits, six deep, and has the schedule see it. @throws Error unless every channel is SETTLED by then */
export async function settleAll(
  stage: Stage,
  shop: DrillShop,
  buyers: readonly BuyerChannel[],
): Promise<void> {
  await stage.mine(1);
  await runSchedule(shop);
  await stage.mine(SETTLED_DEPTH - 1);
  await runSchedule(shop);
  await requireState(shop, buyers, 'SETTLED');
}

export async function requireState(
  shop: DrillShop,
  buyers: readonly BuyerChannel[],
  state: string,
): Promise<void> {
  for (const buyer of buyers) {
    const channel = await known(shop, buyer);
    require(channel.state === state, `the channel is ${state}, not ${channel.state}`);
  }
}
