import { everyKill, nameOf, seeded } from './crash-points.ts';
import type { CrashPlan } from './crashed-purchase.ts';
import { type KillStage, startKillStage } from './kill-stage.ts';
import { checkKilledSale, killedPurchase } from './killed-purchase.ts';

/** Of all of them, which `npm run crashes -- --kill` tries. */
const BUYERS = 2;
const SHOPS = 1;
const SEED = 20261126;

let stage: KillStage;
beforeAll(async () => {
  stage = await startKillStage();
}, 60_000);
afterAll(() => stage.end());

test('real processes, ended by SIGKILL at whichever step: nothing is paid twice, lost, or spent', async () => {
  const recording = await killedPurchase(stage, {});
  await checkKilledSale(stage, recording);
  // What a purchase does at the least; else the recorder is blind.
  expect(recording.buyerSteps.length).toBeGreaterThan(80);
  expect(recording.shopSteps.length).toBeGreaterThan(15);
  const plans = everyKill(recording);
  const random = seeded(SEED);
  const some = (ofSide: readonly CrashPlan[], count: number) =>
    Array.from({ length: count }, () => ofSide[Math.floor(random() * ofSide.length)] ?? {});
  const chosen = [
    ...some(
      plans.filter(({ buyer }) => buyer),
      BUYERS,
    ),
    ...some(
      plans.filter(({ shop }) => shop),
      SHOPS,
    ),
  ];
  const failed: string[] = [];
  let deaths = 0;
  for (const plan of chosen) {
    try {
      const sale = await killedPurchase(stage, plan);
      deaths += sale.deaths;
      await checkKilledSale(stage, sale);
    } catch (error) {
      failed.push(`${nameOf(plan, recording)}: ${error}`);
    }
  }
  expect(failed).toEqual([]);
  // A step may not come a second time: how often a side asks while it waits is not always the same.
  expect(deaths).toBeGreaterThanOrEqual(chosen.length - 1);
}, 300_000);
