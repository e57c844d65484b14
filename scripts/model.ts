/** Random histories of buyers, shop, chain and clock against the bounds: npm run model -- --runs 5000 --seed 1 --length 40 */
import { parseArgs } from 'node:util';
import { runHistories } from '../test/model/histories.ts';
import type { Tally } from '../test/model/world.ts';

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '5000' },
    seed: { type: 'string', default: '1' },
    length: { type: 'string', default: '40' },
  },
});
/** Histories of one seed; then the next one. */
const BATCH = 500;

const total: Tally = new Map();
const begun = Date.now();
const runs = Number(values.runs);
let seed = Number(values.seed);
for (let left = runs; left > 0; left -= BATCH) {
  const batch = Math.min(left, BATCH);
  const tally = await runHistories({ seed: seed++, runs: batch, length: Number(values.length) });
  for (const [what, times] of tally) total.set(what, (total.get(what) ?? 0) + times);
  console.log(`${runs - left + batch} histories, ${((Date.now() - begun) / 60_000).toFixed(1)} minutes`);
}
for (const [what, times] of [...total].sort()) console.log(`${times.toString().padStart(8)}  ${what}`);
