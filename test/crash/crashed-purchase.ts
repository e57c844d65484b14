import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { Buyer, PurchaseEvent } from '../../client/buyer/buyer-context.ts';
import type { StoredPurchase } from '../../client/buyer/purchase-journal.ts';
import { systemClock } from '../../shared/clock.ts';
import { SETTLED_DEPTH } from '../../shared/limits.ts';
import { sha256 } from '../../shared/protocol/hashes.ts';
import type { CrashStage } from './crash-stage.ts';
import { type Death, type Mortal, mortal } from './mortal.ts';
import { mortalDisk } from './mortal-disk.ts';
import { type MortalShop, startMortalShop } from './mortal-shop.ts';

/** A purchase, and where the processes of its two sides die: the first of each, the one that is started after it, and so on. */
export interface CrashPlan {
  readonly buyer?: readonly Death[];
  /** With the buyer's machine: what was not synced is gone. */
  readonly powerCut?: boolean;
  readonly shop?: readonly Death[];
  /** Satoshis that one channel may hold: with less than the price there are two, the second continuing the first. */
  readonly maxCapacity?: bigint;
}

/** What a purchase has come to, as the disk, the table and the chain have it. */
export interface CrashedPurchase {
  readonly buyerSteps: readonly string[];
  readonly shopSteps: readonly string[];
  readonly deaths: number;
  readonly deposited: bigint;
  readonly payoutScript: Uint8Array;
  readonly environment: Readonly<Record<string, string>>;
  readonly home: string;
  readonly output: string;
  readonly purchases: readonly StoredPurchase[];
  /** Height of the first block that may hold something of it. */
  readonly fromHeight: number;
}

/** Milliseconds after which a purchase is not slow but waits for what never comes. */
const PATIENCE = 120_000;
/** More runs of the same command than this get nowhere. */
const MAX_RUNS = 10;
const MAX_BLOCKS = 80;

let purchases = 0;

/** Buys from the first step to the settlement's depth, starting again whatever dies. */
export async function crashedPurchase(stage: CrashStage, plan: CrashPlan): Promise<CrashedPurchase> {
  const folder = await stage.makeFolder();
  const home = join(folder, 'home');
  const output = join(folder, 'out');
  const payoutScript = Uint8Array.of(
    0,
    20,
    ...sha256(new TextEncoder().encode(`payout ${purchases++}`)).slice(12),
  );
  const environment = await stage.shopEnvironment(payoutScript);
  const shop = await startMortalShop(stage, environment, plan.shop ?? []);
  const first = mortal(plan.buyer?.[0]);
  const fromHeight = (await heightOf(stage)) + 1;
  const deposits = new Map<string, bigint>();
  let blocks = 0;
  const mine = async (count: number) => {
    blocks += count;
    if (blocks > MAX_BLOCKS) throw new Error('the purchase waits for ever more blocks');
    await stage.faucet.mine(count);
  };
  const pending: Promise<unknown>[] = [];
  const report = (event: PurchaseEvent) => {
    if (event.kind === 'deposit-needed') {
      // Whoever asks again after a death is asked for the same.
      if (deposits.has(event.uri)) return;
      deposits.set(event.uri, event.satoshis);
      pending.push(stage.faucet.fund(event.address, event.satoshis).then(() => mine(1)));
    } else if (event.kind === 'confirmations') pending.push(mine(1));
  };
  const run = async (process: Mortal) => {
    const disk = mortalDisk(process);
    const program = stage.buyerProgram({
      fetch: (...parameters) => process.alive(() => fetch(...parameters)),
      modules: disk.modules,
    });
    const buyer: Buyer = {
      ...program.nodePlatform(home, { environment: {} }),
      chain: program.bitcoindChain({ url: stage.chainUrl }),
      clock: systemClock,
      pollInterval: 30,
      retry: { retries: 4, firstDelay: 2 },
    };
    const limits = plan.maxCapacity === undefined ? {} : { maxCapacity: plan.maxCapacity };
    const whole = async () => {
      await program.buy(
        buyer,
        { shopUrl: shop.url, dataset: stage.dataset.manifest, output, limits },
        report,
      );
      await untilSettled(shop, mine);
      const ends = await program.refund(buyer);
      for (const { status } of ends)
        if (status.kind !== 'ended') throw new Error(`a channel is ${status.kind}`);
    };
    const stop = new AbortController();
    const never = wait(PATIENCE, undefined, { signal: stop.signal }).then(
      () => Promise.reject(new Error(`nothing comes after ${process.steps.at(-1)}`)),
      () => false,
    );
    const ended = await Promise.race([whole().then(() => true), process.died.then(() => false), never]);
    stop.abort();
    await disk.release();
    if (!ended && plan.powerCut) disk.cutPower();
    await Promise.all(pending.splice(0));
    return ended;
  };
  let deaths = 0;
  try {
    while (!(await run(deaths === 0 ? first : mortal(plan.buyer?.[deaths])))) {
      if (++deaths === MAX_RUNS) throw new Error('it does not come to an end');
    }
  } finally {
    await shop.stop();
  }
  const { listPurchases, nodeHome } = stage.buyerProgram({ fetch, modules: {} });
  return {
    buyerSteps: first.steps,
    shopSteps: shop.steps,
    deaths: deaths + shop.restarts(),
    deposited: [...deposits.values()].reduce((sum, satoshis) => sum + satoshis, 0n),
    payoutScript,
    environment,
    home,
    output,
    purchases: await listPurchases(nodeHome(home)),
    fromHeight,
  };
}

/**
 * Blocks come and the schedule runs with them, until nothing is due any more: what was closed is settled, and deep enough. A
 * run that died leaves what was due to the next block, so it takes two blocks without a death to know.
 */
async function untilSettled(shop: MortalShop, mine: (blocks: number) => Promise<void>): Promise<void> {
  for (let quiet = 0, blocks = 1; quiet < 2; blocks = blocks === 1 ? SETTLED_DEPTH - 1 : 1) {
    await mine(blocks);
    const restarts = shop.restarts();
    const { looked } = await shop.sweep();
    quiet = looked === 0 && shop.restarts() === restarts ? quiet + 1 : 0;
  }
}

async function heightOf({ chainUrl, buyerProgram }: CrashStage): Promise<number> {
  const { bitcoindChain } = buyerProgram({ fetch, modules: {} });
  return (await bitcoindChain({ url: chainUrl }).tip()).height;
}

/** The bought file. */
export function boughtFile({ output }: CrashedPurchase): Promise<Uint8Array> {
  return readFile(join(output, 'numbers.bin'));
}

/** Lines of the journal of the only purchase, as they were written. */
export async function journalLines({ home }: CrashedPurchase): Promise<readonly Record<string, unknown>[]> {
  const folder = join(home, 'purchases');
  const [name = ''] = (await readdir(folder)).filter((each) => each.endsWith('.jsonl'));
  const text = await readFile(join(folder, name), 'utf8');
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
}
