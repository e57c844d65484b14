// Loads one bundle as Lambda does and invokes it: node invoke-bundle.cjs <index.js> <event as JSON> <runs>
const { performance } = require('node:perf_hooks');

const [, , bundle, event, runs] = process.argv;
const before = performance.now();
const cpu = process.cpuUsage();
const { handler } = require(bundle);
const { user, system } = process.cpuUsage(cpu);
const init = performance.now() - before;

void (async () => {
  const context = { getRemainingTimeInMillis: () => 20_000 };
  const times = [];
  let answer;
  for (let run = 0; run < Number(runs); run++) {
    const start = performance.now();
    answer = await handler(JSON.parse(event), context).catch((error) => ({ thrown: String(error) }));
    times.push(performance.now() - start);
  }
  const warm = times.slice(1).sort((left, right) => left - right)[Math.floor((times.length - 1) / 2)];
  process.stdout.write(`\n${JSON.stringify({ answer, init, initCpu: (user + system) / 1000, warm })}\n`);
  process.exit(0);
})();
