import type { CrashPlan } from './crashed-purchase.ts';
import type { Death } from './mortal.ts';

/** What an undisturbed purchase was seen to do. */
export interface Recording {
  readonly buyerSteps: readonly string[];
  readonly shopSteps: readonly string[];
}

/** Steps that write what can be cut in half. */
const TEARABLE = /^(appendFile|writeFile) /;

/** Every way in which one process of a purchase can die: on either side of each of its steps, and in the middle of a write. */
export function everyCrash({ buyerSteps, shopSteps }: Recording): readonly CrashPlan[] {
  const buyer = deathsAt(buyerSteps).map((death) => [death]);
  return [
    ...buyer.map((deaths) => ({ buyer: deaths })),
    // Before the first step nothing can be lost, and just before a step nothing more than just after the one before it.
    ...buyer
      .filter(([death]) => death?.when === 'after')
      .map((deaths) => ({ buyer: deaths, powerCut: true })),
    ...deathsAt(shopSteps).map((death) => ({ shop: [death] })),
  ];
}

/** The same for processes that are really killed; their disk keeps what they wrote, synced or not. */
export function everyKill(recording: Recording): readonly CrashPlan[] {
  return everyCrash(recording).filter(({ powerCut }) => !powerCut);
}

function deathsAt(steps: readonly string[]): readonly Death[] {
  return steps.flatMap((what, index) => {
    const step = index + 1;
    const sides: Death[] = [
      { step, when: 'before' },
      { step, when: 'after' },
    ];
    return TEARABLE.test(what) ? [...sides, { step, when: 'within' } as const] : sides;
  });
}

/** Both sides die again and again, each time somewhere else. */
export function manyCrashes({ buyerSteps, shopSteps }: Recording, random: () => number): CrashPlan {
  const some = (steps: readonly string[], most: number) =>
    Array.from({ length: 1 + Math.floor(random() * most) }, (): Death => {
      const deaths = deathsAt(steps);
      return deaths[Math.floor(random() * deaths.length)] ?? { step: 1, when: 'before' };
    });
  return { buyer: some(buyerSteps, 5), shop: some(shopSteps, 4), powerCut: random() < 0.5 };
}

/** Numbers from 0 to 1 that are the same for the same seed (xorshift32). */
export function seeded(seed: number): () => number {
  let state = seed | 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

/** So many of a list, spread over it. */
export function sampled<T>(list: readonly T[], count: number): readonly T[] {
  return list.filter(
    (_, index) =>
      Math.floor((index * count) / list.length) !== Math.floor(((index - 1) * count) / list.length),
  );
}

/** What a plan is called in a report. */
export function nameOf(
  { buyer = [], shop = [], powerCut, maxCapacity }: CrashPlan,
  recording: Recording,
): string {
  const said = (side: string, deaths: readonly Death[], steps: readonly string[]) =>
    deaths.map(({ step, when }, index) => {
      const what = index === 0 ? ` (${steps[step - 1]})` : '';
      return `${side} ${when} ${step}${what}`;
    });
  return [
    ...said('buyer', buyer, recording.buyerSteps),
    ...said('shop', shop, recording.shopSteps),
    ...(powerCut ? ['power cut'] : []),
    ...(maxCapacity === undefined ? [] : ['two channels']),
  ].join(', ');
}
