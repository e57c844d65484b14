import { runHistories } from './histories.ts';

/** The same histories in every run; `npm run model` goes on from other seeds, and longer. */
const SEED = 20261126;

const HAPPENS = [
  ...[
    'opened',
    'continued',
    'payment',
    'chunk given out',
    'cancel signed',
    'death at work',
    'reorganisation',
  ],
  ...['SETTLED', 'EXPIRED', 'CANCELLED'].map((state) => `ended ${state}`),
];

test('whatever buyers, shop, chain and clock do in whatever order, the bounds hold', async () => {
  const tally = await runHistories({ seed: SEED, runs: 150, length: 25 });
  // Else the histories would prove little.
  for (const what of HAPPENS) expect([what, (tally.get(what) ?? 0) > 10]).toEqual([what, true]);
}, 300_000);
