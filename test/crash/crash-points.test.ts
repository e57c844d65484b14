import { checkSale } from './check-sale.ts';
import { everyCrash, manyCrashes, nameOf, type Recording, sampled, seeded } from './crash-points.ts';
import { type CrashStage, startCrashStage } from './crash-stage.ts';
import { type CrashPlan, crashedPurchase } from './crashed-purchase.ts';

/** `npm run crashes` tries all of them. */
const SINGLE = 14;
const MANY = 4;
const SEED = 20261126;

let stage: CrashStage;
beforeAll(async () => {
  stage = await startCrashStage();
});
afterAll(() => stage.end());

async function record(plan: CrashPlan, channels: number): Promise<Recording> {
  const sale = await crashedPurchase(stage, plan);
  await checkSale(stage, sale, channels);
  return sale;
}

/** Tries each plan, and says of all that fail where they died. */
async function tryAll(plans: readonly CrashPlan[], recording: Recording, channels: number): Promise<number> {
  const failed: string[] = [];
  let deaths = 0;
  for (const plan of plans) {
    try {
      const sale = await crashedPurchase(stage, plan);
      deaths += sale.deaths;
      await checkSale(stage, sale, channels);
    } catch (error) {
      failed.push(`${nameOf(plan, recording)}: ${error}`);
    }
  }
  expect(failed).toEqual([]);
  return deaths;
}

test('whichever side dies at whichever step: nothing is paid twice, lost, or spent', async () => {
  const recording = await record({}, 1);
  // What a purchase does at the least; else the recorder is blind.
  expect(recording.buyerSteps.length).toBeGreaterThan(100);
  expect(recording.shopSteps.length).toBeGreaterThan(15);
  const plans = sampled(everyCrash(recording), SINGLE);
  // A step that this time did not come: how often a buyer asks while it waits is not always the same.
  expect(await tryAll(plans, recording, 1)).toBeGreaterThan(0.8 * plans.length);
}, 300_000);

test('both sides die again and again, while two channels buy a dataset', async () => {
  const maxCapacity = 10_500n;
  const recording = await record({ maxCapacity }, 2);
  const random = seeded(SEED);
  const plans = Array.from({ length: MANY }, () => ({ ...manyCrashes(recording, random), maxCapacity }));
  expect(await tryAll(plans, recording, 2)).toBeGreaterThan(MANY);
}, 300_000);
