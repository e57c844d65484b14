import fc from 'fast-check';
import {
  aheadFor,
  chunksAtOnce,
  chunkWindow,
  prefixOf,
  type WindowRules,
} from '../../../client/buyer/chunk-window.ts';

const rules = (credit: 0 | 1, ahead: number, change: Partial<WindowRules> = {}): WindowRules => ({
  count: 10,
  credit,
  ahead,
  limit: 64,
  ...change,
});

/** What may be done with these chunks here and so many paid. */
function moves(given: WindowRules, here: readonly number[], paid: number) {
  const has = (chunk: number) => here.includes(chunk);
  return chunkWindow(given, { prefix: prefixOf(has, given.count, 0), paid, has });
}

const upTo = (end: number) => Array.from({ length: end }, (_, chunk) => chunk);

describe('chunks that may be asked for, and the commitment that may be signed', () => {
  test.each<[string, WindowRules, number[], number, { fetch: number[]; pay?: number }]>([
    ['credit 1: one chunk before any payment', rules(1, 0), [], 0, { fetch: [0] }],
    ['credit 1: it is here, so it is paid', rules(1, 0), [0], 0, { fetch: [], pay: 1 }],
    ['credit 1: it is paid, so the next one comes', rules(1, 0), [0], 1, { fetch: [1] }],
    ['credit 0: nothing before a payment', rules(0, 1), [], 0, { fetch: [], pay: 1 }],
    ['credit 0: the one that is paid', rules(0, 1), [], 1, { fetch: [0] }],
    ['credit 0: it is here, the next one is paid', rules(0, 1), [0], 1, { fetch: [], pay: 2 }],
    ['neither credit nor ahead: nothing ever', rules(0, 0), [], 0, { fetch: [] }],
    ['credit 1, ahead 1: one comes while one is paid', rules(1, 1), [], 0, { fetch: [0], pay: 1 }],
    ['credit 1, ahead 1: two come', rules(1, 1), [], 1, { fetch: [0, 1] }],
    ['credit 1, ahead 1: one is here, the other still comes', rules(1, 1), [0], 1, { fetch: [1], pay: 2 }],
    ['credit 0, ahead 2: the same without credit', rules(0, 2), [0], 2, { fetch: [1], pay: 3 }],
    ['ahead 3: four come', rules(1, 3), [], 3, { fetch: [0, 1, 2, 3] }],
    ['later ones are here first: nothing more is signed', rules(1, 3), [1, 2, 3], 3, { fetch: [0] }],
    ['the gap is closed: all of it counts', rules(1, 3), [0, 1, 2, 3], 3, { fetch: [], pay: 7 }],
    ['a gap after one', rules(1, 2), [0, 2], 2, { fetch: [1], pay: 3 }],
    ['no more than one payment may add', rules(1, 9, { limit: 4 }), [], 0, { fetch: [0], pay: 4 }],
    ['after it the rest', rules(1, 9, { limit: 4 }), [], 4, { fetch: upTo(5), pay: 8 }],
    ['the end: no chunk after the last', rules(1, 3), upTo(9), 10, { fetch: [9] }],
    ['the end: no payment after the last', rules(1, 3), upTo(8), 9, { fetch: [8, 9], pay: 10 }],
    ['everything', rules(1, 3), upTo(10), 10, { fetch: [] }],
    ['a chunk that was paid and lost', rules(1, 0), [0, 2, 3], 4, { fetch: [1, 4] }],
    ['one chunk that was here before the channel', rules(0, 1), [0, 1], 0, { fetch: [], pay: 3 }],
  ])('%s', (_, given, here, paid, expected) => {
    expect(moves(given, here, paid)).toEqual(expected);
  });
});

test('what is paid ahead where nothing is said, and what can buy nothing', () => {
  expect([aheadFor(undefined, 1), aheadFor(undefined, 0)]).toEqual([0, 1]);
  expect([aheadFor(0, 1), aheadFor(3, 1), aheadFor(3, 0)]).toEqual([0, 3, 3]);
  expect(() => aheadFor(0, 0)).toThrow('The shop gives nothing before it is paid here.');
});

test('so many chunks at once that no connection waits', () => {
  expect([chunksAtOnce(8, 64), chunksAtOnce(8, 8), chunksAtOnce(8, 3), chunksAtOnce(8, 1)]).toEqual([
    2, 2, 4, 9,
  ]);
});

/** A buyer that may crash, a shop that keeps its rules, and chunks that end in any order. */
class Simulation {
  readonly here = new Set<number>();
  readonly comes = new Set<number>();
  /** What the buyer signed and sent, and what the shop has taken and the buyer knows. */
  signed = 0;
  taken = 0;
  known = 0;

  private readonly rules: WindowRules;

  constructor(rules: WindowRules) {
    this.rules = rules;
  }

  begin(): void {
    const has = (chunk: number) => this.here.has(chunk);
    const prefix = prefixOf(has, this.rules.count, 0);
    const { fetch, pay } = chunkWindow(this.rules, { prefix, paid: this.known, has });
    for (const chunk of fetch) {
      // The shop's rule 19.
      expect(chunk).toBeLessThan(Math.min(this.rules.count, this.taken + this.rules.credit));
      this.comes.add(chunk);
    }
    if (pay === undefined || this.signed > this.known) return;
    // The buyer's rule, and the shop's rule 15.
    expect(pay).toBeLessThanOrEqual(Math.min(this.rules.count, prefix + this.rules.ahead));
    expect(pay).toBeGreaterThan(this.taken);
    expect(pay).toBeLessThanOrEqual(this.taken + this.rules.limit);
    this.signed = pay;
  }

  /** One thing that may happen next; false where it cannot. */
  happen(step: { readonly kind: 'arrive' | 'take' | 'answer' | 'crash'; readonly which: number }): boolean {
    const coming = [...this.comes];
    switch (step.kind) {
      case 'arrive': {
        const chunk = coming[step.which % Math.max(1, coming.length)];
        if (chunk === undefined) return false;
        this.comes.delete(chunk);
        this.here.add(chunk);
        return true;
      }
      case 'take':
        if (this.signed === this.taken) return false;
        this.taken = this.signed;
        return true;
      case 'answer':
        if (this.known === this.taken) return false;
        this.known = this.taken;
        return true;
      case 'crash':
        // The journal stands; on the way up again the shop is asked and the last payment sent once more.
        this.comes.clear();
        this.taken = this.signed;
        this.known = this.taken;
        return false;
    }
  }

  get isDone(): boolean {
    return this.here.size === this.rules.count && this.known === this.rules.count;
  }
}

test('never signed beyond what is here and ahead, in whatever order chunks end, across crashes; and it always ends', () => {
  const anyRules = fc
    .record({
      count: fc.integer({ min: 1, max: 12 }),
      credit: fc.constantFrom<0 | 1>(0, 1),
      ahead: fc.integer({ min: 0, max: 5 }),
      limit: fc.integer({ min: 1, max: 6 }),
    })
    .filter(({ credit, ahead }) => credit + ahead > 0);
  const kind = fc.constantFrom<'arrive' | 'take' | 'answer' | 'crash'>('arrive', 'take', 'answer', 'crash');
  const steps = fc.array(fc.record({ kind, which: fc.nat(12) }), { maxLength: 80 });
  fc.assert(
    fc.property(anyRules, steps, (given, script) => {
      const simulation = new Simulation(given);
      for (const step of script) {
        simulation.begin();
        simulation.happen(step);
      }
      // Then nothing fails any more.
      for (let turn = 0; turn < 200 && !simulation.isDone; turn++) {
        simulation.begin();
        const moved = (['arrive', 'take', 'answer'] as const).map((kind) =>
          simulation.happen({ kind, which: 0 }),
        );
        expect(moved).toContain(true);
      }
      expect(simulation.isDone).toBe(true);
    }),
    { numRuns: 500 },
  );
});
