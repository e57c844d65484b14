/**
 * Every crash of a purchase there is: npm run crashes -- --seed 1 --many 200; --every 10 --from 3 tries one in ten, from the
 * fourth. With --kill real processes are ended by SIGKILL, at every step of each side.
 */
import { parseArgs } from 'node:util';
import { checkSale } from '../test/crash/check-sale.ts';
import {
  everyCrash,
  everyKill,
  manyCrashes,
  nameOf,
  type Recording,
  seeded,
} from '../test/crash/crash-points.ts';
import { startCrashStage } from '../test/crash/crash-stage.ts';
import { type CrashedPurchase, type CrashPlan, crashedPurchase } from '../test/crash/crashed-purchase.ts';
import { startKillStage } from '../test/crash/kill-stage.ts';
import { checkKilledSale, killedPurchase } from '../test/crash/killed-purchase.ts';
import { makeBuildsFolder, removeBuildsFolder } from '../test/support/shared-build.ts';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    many: { type: 'string', default: '200' },
    every: { type: 'string', default: '1' },
    from: { type: 'string', default: '0' },
    kill: { type: 'boolean', default: false },
  },
});
const begun = Date.now();
let tried = 0;
let deaths = 0;
const failed: string[] = [];

/** A purchase that is made, checked, and told how often somebody died in it. */
type Attempt = (plan: CrashPlan, channels: number) => Promise<CrashedPurchase>;

async function record(attempt: Attempt, plan: CrashPlan, channels: number): Promise<Recording> {
  const sale = await attempt(plan, channels);
  console.log(
    `${channels} channel(s): ${sale.buyerSteps.length} steps of the buyer, ${sale.shopSteps.length} of the shop`,
  );
  return sale;
}

async function tryAll(
  attempt: Attempt,
  plans: readonly CrashPlan[],
  recording: Recording,
  channels: number,
): Promise<void> {
  for (const plan of plans) {
    tried += 1;
    try {
      deaths += (await attempt(plan, channels)).deaths;
    } catch (error) {
      failed.push(`${nameOf(plan, recording)}: ${error}`);
      console.log(failed.at(-1));
    }
    if (tried % 100 === 0) console.log(`${tried} purchases, ${deaths} deaths, ${failed.length} failed`);
  }
}

const oneIn = (plans: readonly CrashPlan[]) =>
  plans.filter((_, index) => index % Number(values.every) === Number(values.from));

async function crashAll(): Promise<void> {
  const stage = await startCrashStage();
  const attempt: Attempt = async (plan, channels) => {
    const sale = await crashedPurchase(stage, plan);
    await checkSale(stage, sale, channels);
    return sale;
  };
  try {
    const single = await record(attempt, {}, 1);
    await tryAll(attempt, oneIn(everyCrash(single)), single, 1);
    const maxCapacity = 10_500n;
    const double = await record(attempt, { maxCapacity }, 2);
    const random = seeded(Number(values.seed));
    const many = Array.from({ length: Number(values.many) }, () => ({
      ...manyCrashes(double, random),
      maxCapacity,
    }));
    await tryAll(attempt, many, double, 2);
  } finally {
    await stage.end();
  }
}

async function killAll(): Promise<void> {
  makeBuildsFolder();
  const stage = await startKillStage();
  const attempt: Attempt = async (plan) => {
    const sale = await killedPurchase(stage, plan);
    await checkKilledSale(stage, sale);
    return sale;
  };
  try {
    const recording = await record(attempt, {}, 1);
    await tryAll(attempt, oneIn(everyKill(recording)), recording, 1);
  } finally {
    await stage.end();
    removeBuildsFolder();
  }
}

await (values.kill ? killAll() : crashAll());
const minutes = ((Date.now() - begun) / 60_000).toFixed(1);
console.log(`${tried} purchases, ${deaths} deaths, ${failed.length} failed, ${minutes} minutes`);
process.exitCode = failed.length > 0 ? 1 : 0;
