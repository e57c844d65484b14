/** npm run bench -- <name> [arguments]. Each prints counts and ratios of one run; none is a test. */
const BENCHES: Readonly<Record<string, () => Promise<(...args: string[]) => Promise<void>>>> = {
  sweep: async () => (await import('./sweep-cost.ts')).benchSweep,
};

const [name = '', ...args] = process.argv.slice(2);
const load = BENCHES[name];
if (!load) throw new Error(`name one of: ${Object.keys(BENCHES).join(', ')}`);
await (await load())(...args);
