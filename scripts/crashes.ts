/** Every crash of a purchase there is: npm run crashes -- --seed 1 --many 200; --every 10 --from 3 tries one in ten, from the fourth */
import { parseArgs } from 'node:util';
import { checkSale } from '../test/crash/check-sale.ts';
import { everyCrash, manyCrashes, nameOf, type Recording, seeded } from '../test/crash/crash-points.ts';
import { startCrashStage } from '../test/crash/crash-stage.ts';
import { type CrashPlan, crashedPurchase } from '../test/crash/crashed-purchase.ts';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    many: { type: 'string', default: '200' },
    every: { type: 'string', default: '1' },
    from: { type: 'string', default: '0' },
  },
});
const stage = await startCrashStage();
const begun = Date.now();
let tried = 0;
let deaths = 0;
const failed: string[] = [];

async function record(plan: CrashPlan, channels: number): Promise<Recording> {
  const sale = await crashedPurchase(stage, plan);
  await checkSale(stage, sale, channels);
  console.log(
    `${channels} channel(s): ${sale.buyerSteps.length} steps of the buyer, ${sale.shopSteps.length} of the shop`,
  );
  return sale;
}

async function tryAll(plans: readonly CrashPlan[], recording: Recording, channels: number): Promise<void> {
  for (const plan of plans) {
    tried += 1;
    try {
      const sale = await crashedPurchase(stage, plan);
      deaths += sale.deaths;
      await checkSale(stage, sale, channels);
    } catch (error) {
      failed.push(`${nameOf(plan, recording)}: ${error}`);
      console.log(failed.at(-1));
    }
    if (tried % 100 === 0) console.log(`${tried} purchases, ${deaths} deaths, ${failed.length} failed`);
  }
}

try {
  const single = await record({}, 1);
  const every = Number(values.every);
  const plans = everyCrash(single).filter((_, index) => index % every === Number(values.from));
  await tryAll(plans, single, 1);
  const maxCapacity = 10_500n;
  const double = await record({ maxCapacity }, 2);
  const random = seeded(Number(values.seed));
  const many = Array.from({ length: Number(values.many) }, () => ({
    ...manyCrashes(double, random),
    maxCapacity,
  }));
  await tryAll(many, double, 2);
} finally {
  await stage.end();
}
const minutes = ((Date.now() - begun) / 60_000).toFixed(1);
console.log(`${tried} purchases, ${deaths} deaths, ${failed.length} failed, ${minutes} minutes`);
process.exitCode = failed.length > 0 ? 1 : 0;
