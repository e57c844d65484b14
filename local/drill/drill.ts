import type { BuyerChannel } from './drill-buyer.ts';
import type { DrillShop } from './drill-shop.ts';
import { type Losses, lossesOf } from './losses.ts';
import type { Stage } from './stage.ts';

/** A disaster, and what it may cost at the most. */
export interface Drill {
  readonly name: string;
  /** In one sentence, for the table. */
  readonly disaster: string;
  /** Chunks that the seller may lose to it; nobody may ever lose a satoshi besides. */
  readonly mayLoseChunks: number;
  /** @throws Error where something that must hold does not */
  run(stage: Stage): Promise<Scene>;
}

/** Who took part, so that the chain can be asked what it cost them. */
export interface Scene {
  readonly shop: Pick<DrillShop, 'payoutScript'>;
  readonly buyers: readonly BuyerChannel[];
}

export type Outcome =
  | { readonly ok: true; readonly losses: Losses }
  | { readonly ok: false; readonly losses?: Losses; readonly reason: string };

/** Holds one drill and adds up from the blocks what it cost. */
export async function hold(drill: Drill, stage: Stage): Promise<Outcome> {
  try {
    const before = await stage.height();
    const { shop, buyers } = await drill.run(stage);
    const losses = await lossesOf(stage, before, shop.payoutScript, buyers);
    const broken = brokenBound(drill, losses);
    return broken ? { ok: false, losses, reason: broken } : { ok: true, losses };
  } catch (error) {
    return { ok: false, reason: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}

function brokenBound(
  { mayLoseChunks }: Drill,
  { buyerLost, sellerLost, sellerLostChunks }: Losses,
): string | undefined {
  if (buyerLost > 0n) return `the buyer lost ${buyerLost} satoshis`;
  if (sellerLost > 0n) return `the seller lost ${sellerLost} satoshis`;
  if (sellerLostChunks > mayLoseChunks)
    return `the seller lost ${sellerLostChunks} chunks, ${mayLoseChunks} at the most`;
  return undefined;
}

/** @throws Error that names the claim */
export function require(holds: boolean, claim: string): void {
  if (!holds) throw new Error(`it does not hold: ${claim}`);
}

/** @throws Error unless the work is refused with a problem of this name */
export async function requireRefused(work: Promise<unknown>, problem: string): Promise<void> {
  const refused = await work.then(
    () => 'nothing',
    (error: { readonly problem?: string }) => error.problem ?? String(error),
  );
  require(refused === problem, `it is refused with ${problem}, not with ${refused}`);
}
