/** Fuzzes every parser of a stranger's bytes from ever other seeds: npm run fuzz -- --minutes 10 --seed 1 */
import { parseArgs } from 'node:util';
import { fuzz } from '../test/fuzz/fuzz.ts';
import { targets } from '../test/fuzz/targets.ts';

const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '1' }, seed: { type: 'string', default: '1' } },
});
const end = Date.now() + Number(values.minutes) * 60_000;
const INPUTS = 200;

const tried = new Map<string, number>();
const failed = new Map<string, string>();
let peak = 0;
// A seed that failed is printed, and its target left out: the others go on.
for (let seed = Number(values.seed); Date.now() < end; seed++) {
  for (const target of targets) {
    if (failed.has(target.name)) continue;
    const inputs = target.runs ?? INPUTS;
    await fuzz(target, seed, inputs).catch((error) =>
      failed.set(target.name, `seed ${seed}: ${describe(error)}`),
    );
    tried.set(target.name, (tried.get(target.name) ?? 0) + inputs);
    peak = Math.max(peak, process.memoryUsage().rss);
  }
}
for (const [name, inputs] of tried) console.log(`${inputs.toString().padStart(8)}  ${name}`);
console.log(`${Math.round(peak / 1024 / 1024)} MiB at most; ${failed.size} parsers failed`);
for (const [name, error] of failed) console.log(`\n${name}: ${error}`);
if (failed.size > 0) process.exitCode = 1;

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined ? error.message : `${error.message}\n${describe(error.cause)}`;
}
