import { setImmediate as nextTurn } from 'node:timers/promises';
import fc from 'fast-check';
import { seeded } from '../crash/crash-points.ts';
import type { Death } from '../crash/mortal.ts';
import { modelWorld, type Request, type Tally, type World } from './world.ts';

/** A step of a history. The model has no state of its own: what must hold is in the bounds, after every step. */
type Step = fc.AsyncCommand<object, World>;

function step(name: string, run: (world: World) => Promise<void> | void): Step {
  return {
    check: () => true,
    async run(_, world) {
      await run(world);
      world.bounds.check();
    },
    toString: () => name,
  };
}

const channel = fc.nat({ max: 5 });
const process = fc.nat({ max: 1 });
const death: fc.Arbitrary<Death> = fc.record({
  step: fc.integer({ min: 1, max: 6 }),
  when: fc.constantFrom('before', 'after'),
});
const opening = fc.record({
  kind: fc.constant('open' as const),
  how: fc.constantFrom('first', 'first', 'without-credit', 'continue', 'continue', 'overlap', 'gap'),
  channel,
  count: fc.nat({ max: 8 }),
  life: fc.nat({ max: 30 }),
});
const paying = fc.record({
  kind: fc.constant('pay' as const),
  channel,
  ahead: fc.constantFrom(1, 1, 1, 2, 0, -1, 9),
  forged: fc.integer({ min: 0, max: 9 }).map((chance) => chance === 0),
});
const asking = fc.record({
  kind: fc.constant('ask' as const),
  channel,
  ahead: fc.constantFrom(0, 0, 0, -1, 1),
});
const naming = fc.record({ kind: fc.constantFrom('confirm', 'close', 'reopen'), channel });
const request: fc.Arbitrary<Request> = fc.oneof(
  { weight: 2, arbitrary: opening },
  { weight: 8, arbitrary: paying },
  { weight: 5, arbitrary: asking },
  { weight: 4, arbitrary: naming },
  { weight: 1, arbitrary: fc.constant({ kind: 'sweep' as const }) },
);

/** A channel that is bought through, so that not only luck makes one. */
const whole = fc.tuple(opening, process, fc.nat({ max: 9 })).map(([wanted, by, number]) =>
  step(`${by}: ${fc.stringify(wanted)}, funded as ${number}`, async (world) => {
    await world.ask(wanted, by);
    world.fund(number);
    await world.mine(2, true);
    await world.ask({ kind: 'confirm', channel: number }, by);
  }),
);

const selling = fc.constantFrom<Request>(
  { kind: 'ask', channel: 0, ahead: 0 },
  { kind: 'pay', channel: 0, ahead: 1, forged: false },
  { kind: 'close', channel: 0 },
);
/** Sale and end at once; and a payment that comes again with another signature. */
const meeting = fc.tuple(selling, selling, channel).map(([one, other, number]) => {
  const both = [one, other].map((wanted) => ({ ...wanted, channel: number }));
  return step(`at once: ${fc.stringify(both)}`, async (world) => {
    await Promise.all(both.map((wanted, by) => world.ask(wanted, by)));
  });
});
const again = fc.tuple(channel, process).map(([number, by]) =>
  step(`${by}: channel ${number} pays, and again with a forged signature`, async (world) => {
    await world.ask({ kind: 'pay', channel: number, ahead: 1, forged: false }, by);
    await world.ask({ kind: 'pay', channel: number, ahead: 0, forged: true }, by);
  }),
);

const steps: fc.Arbitrary<Step>[] = [
  ...Array.from({ length: 2 }, () => meeting),
  again,
  ...Array.from({ length: 3 }, () => whole),
  ...Array.from({ length: 4 }, () =>
    fc
      .tuple(request, process)
      .map(([wanted, by]) => step(`${by}: ${fc.stringify(wanted)}`, (world) => world.ask(wanted, by))),
  ),
  ...Array.from({ length: 2 }, () =>
    // Of one channel, or they would not meet.
    fc.tuple(request, request, channel).map(([one, other, number]) => {
      const both = [one, other].map((wanted) => ({ ...wanted, channel: number }));
      return step(`at once: ${fc.stringify(both)}`, async (world) => {
        await Promise.all(both.map((wanted, by) => world.ask(wanted, by)));
      });
    }),
  ),
  fc.tuple(request, process, death).map(([wanted, by, end]) =>
    step(`${by} dies ${end.when} write ${end.step} of ${fc.stringify(wanted)}`, async (world) => {
      world.restart(by, end);
      await world.ask(wanted, by);
    }),
  ),
  process.map((by) => step(`${by} is killed`, (world) => world.restart(by))),
  channel.map((number) => step(`fund ${number}`, (world) => world.fund(number))),
  fc
    .tuple(channel, fc.constantFrom('refund', 'cancel'))
    .map(([number, kind]) => step(`${kind} ${number}`, (world) => world.takeBack(number, kind))),
  fc
    .tuple(fc.constantFrom(1, 1, 1, 2, 2, 3, 6, 6, 15, 40), fc.boolean())
    .map(([blocks, schedule]) =>
      step(`mine ${blocks}${schedule ? '' : ' unseen'}`, (world) => world.mine(blocks, schedule)),
    ),
  fc
    .tuple(fc.integer({ min: 1, max: 4 }), fc.boolean())
    .map(([depth, empty]) =>
      step(`reorganise ${depth}${empty ? ' empty' : ''}`, (world) => world.reorganise(depth, empty)),
    ),
  fc
    .constantFrom(1_000, 60_000, 3_600_000, 86_400_000)
    .map((milliseconds) => step(`${milliseconds} ms pass`, (world) => world.advance(milliseconds))),
];

export interface HistoryOptions {
  readonly seed: number;
  readonly runs: number;
  /** Steps of one history at the most. */
  readonly length: number;
}

/**
 * Runs random histories against the bounds.
 * @returns how often what happened
 * @throws Error with the shortest history found that breaks one
 */
export async function runHistories({ seed, runs, length }: HistoryOptions): Promise<Tally> {
  const tally: Tally = new Map();
  await fc.assert(
    fc.asyncProperty(
      fc.commands(steps, { maxCommands: length, size: 'max' }),
      fc.nat(),
      async (history, turns) => {
        const world = modelWorld(seeded(turns + 1), tally);
        await fc.asyncModelRun(() => ({ model: {}, real: world }), history);
        await world.finish();
        // Nothing of a history waits for the system, and without a turn of the event loop the timeouts of its calls are never
        // given back: a quarter of a mebibyte each time.
        await nextTurn();
      },
    ),
    { seed, numRuns: runs },
  );
  return tally;
}
