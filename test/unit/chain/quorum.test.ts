import {
  type BroadcastOutcome,
  ChainDisagreement,
  ChainUnavailable,
  type MempoolEntry,
  type Spend,
  type Tip,
  type UnspentOutput,
} from '../../../shared/chain/chain.ts';
import { quorumChain } from '../../../shared/chain/quorum.ts';
import { type Script, scriptedQuorum } from '../../support/chain-sources.ts';

const hash = (of: string | number): string => String(of).padStart(64, 'a');
const tipAt = (height: number, branch = ''): Tip => ({ height, hash: hash(`${branch}${height}`), time: 1 });
const OUTPOINT = { txid: hash('f'), vout: 1 };
const SCRIPT = Uint8Array.of(0, 1);

const at = (height: number, branch = '') => ({ height, blockHash: hash(`${branch}${height}`) });
const coin = (changes: Partial<UnspentOutput> = {}): UnspentOutput => ({
  value: 5_000n,
  script: SCRIPT,
  coinbase: false,
  confirmation: at(100),
  ...changes,
});
const { confirmation: _, ...waiting } = coin();

const saysTip = (height: number, branch?: string): Script => ({ tip: async () => tipAt(height, branch) });
const saysOutput = (output: UnspentOutput | undefined, tip = tipAt(105)): Script => ({
  tip: async () => tip,
  unspentOutput: async () => output,
});
const never = new Promise<never>(() => {});

describe('the tip', () => {
  test.each<[what: string, heights: readonly number[], height: number, alarms: readonly string[]]>([
    ['all the same', [100, 100, 100], 100, []],
    ['one block ahead', [100, 101], 101, []],
    ['two blocks ahead', [102, 100], 102, []],
    ['three blocks ahead', [100, 103], 103, ['chain-tips-differ']],
    ['six blocks ahead', [106, 100], 106, ['chain-tips-differ']],
    ['one behind by three', [100, 103, 103], 103, ['chain-tips-differ']],
  ])('%s: the higher counts', async (_what, heights, height, alarms) => {
    const quorum = scriptedQuorum(heights.map((each) => saysTip(each)));
    expect(await quorum.chain.tip()).toEqual(tipAt(height));
    expect(quorum.alarms()).toEqual(alarms);
  });

  test('seven blocks apart nothing is decided', async () => {
    const quorum = scriptedQuorum([saysTip(100), saysTip(107)]);
    const answer = quorum.chain.tip();
    await expect(answer).rejects.toThrow(ChainDisagreement);
    await expect(answer).rejects.toThrow('the tips of the chain sources differ by 7 blocks');
    expect(quorum.lines).toEqual([
      { event: 'chain-tips-differ', alarm: true, difference: 7, heights: { 1: 100, 2: 107 } },
    ]);
  });
});

describe('silence', () => {
  test('of one of two is logged and done without', async () => {
    const quorum = scriptedQuorum([{}, saysOutput(coin())]);
    expect(await quorum.chain.unspentOutput(OUTPOINT)).toEqual(coin());
    expect(quorum.lines).toEqual([
      {
        event: 'chain-source-silent',
        alarm: false,
        source: '1',
        question: 'unspentOutput',
        reason: 'does not answer',
      },
    ]);
  });

  test('of one of three leaves a majority, of two of three none', async () => {
    const says = saysOutput(coin());
    expect(await scriptedQuorum([says, {}, says]).chain.unspentOutput(OUTPOINT)).toEqual(coin());
    const quorum = scriptedQuorum([says, {}, {}]);
    await expect(quorum.chain.unspentOutput(OUTPOINT)).rejects.toThrow(
      '1 chain sources answer unspentOutput, 2 are needed',
    );
    expect(quorum.alarms()).toEqual(['chain-quorum-lost']);
  });

  test('of all is ChainUnavailable, whatever is asked', async () => {
    const { chain } = scriptedQuorum([{}, {}]);
    const asked = [
      chain.tip(),
      chain.blockHash(1),
      chain.unspentOutput(OUTPOINT),
      chain.spend(OUTPOINT, SCRIPT, 1),
      chain.feeRate(6),
      chain.broadcast('00'),
      chain.testAcceptance('00'),
      chain.broadcastPackage(['00', '01']),
      chain.mempoolEntry(OUTPOINT.txid),
      chain.replacementRate(),
      chain.outputsPayingTo([SCRIPT]),
    ];
    for (const answer of asked) await expect(answer).rejects.toThrow(ChainUnavailable);
  });

  test('a shop may insist on more agreement before it releases data than to go on', async () => {
    const quorum = scriptedQuorum([saysOutput(coin()), { ...saysTip(105) }], { agreementNeeded: 2 });
    await expect(quorum.chain.unspentOutput(OUTPOINT)).rejects.toThrow(
      '1 chain sources answer unspentOutput, 2 are needed',
    );
    expect(await quorum.chain.tip()).toEqual(tipAt(105));
  });

  test('a source that never answers costs its time-out, and no more', async () => {
    jest.useFakeTimers();
    try {
      const quorum = scriptedQuorum([{ unspentOutput: () => never }, saysOutput(coin())], { timeoutMs: 700 });
      let answered: unknown;
      const asked = quorum.chain.unspentOutput(OUTPOINT).then((answer) => {
        answered = answer;
      });
      await jest.advanceTimersByTimeAsync(699);
      expect(answered).toBeUndefined();
      // The one that answered holds nobody up.
      expect(jest.getTimerCount()).toBe(1);
      await jest.advanceTimersByTimeAsync(1);
      await asked;
      expect(answered).toEqual(coin());
      expect(quorum.lines).toMatchObject([{ source: '1', reason: 'no answer in 700 ms' }]);
      expect(jest.getTimerCount()).toBe(0);
    } finally {
      jest.useRealTimers();
    }
  });

  test('a mistake in an adapter is silence with an alarm', async () => {
    const broken: Script = { tip: () => Promise.reject(new TypeError('x is not a function')) };
    const quorum = scriptedQuorum([broken, saysTip(9)]);
    expect(await quorum.chain.tip()).toEqual(tipAt(9));
    expect(quorum.alarms()).toEqual(['chain-source-silent']);
  });

  test.each([0, 3])('of two sources %i cannot be needed', (answersNeeded) => {
    expect(() => scriptedQuorum([{}, {}], { answersNeeded })).toThrow(
      'a quorum is some of the sources there are',
    );
    expect(() => quorumChain({ sources: [], log: () => {} })).toThrow('a quorum is some');
  });
});

describe('an output that data is released on', () => {
  test.each<[what: string, answers: readonly (UnspentOutput | undefined)[], UnspentOutput | undefined]>([
    ['absent to all', [undefined, undefined], undefined],
    ['the same to all', [coin(), coin(), coin()], coin()],
    ['waiting to all', [waiting, waiting], waiting],
    ['waiting to one, not there yet to the other', [undefined, waiting], waiting],
  ])('%s', async (_what, answers, expected) => {
    const quorum = scriptedQuorum(answers.map((answer) => saysOutput(answer)));
    expect(await quorum.chain.unspentOutput(OUTPOINT)).toEqual(expected);
    expect(quorum.lines).toEqual([]);
  });

  test.each<[about: string, other: UnspentOutput | undefined, sameTip: boolean, alarm: boolean]>([
    ['value', coin({ value: 5_001n }), true, true],
    ['value', coin({ value: 4_999n }), false, true],
    ['script', coin({ script: Uint8Array.of(0, 2) }), true, true],
    ['script', coin({ script: Uint8Array.of(0, 1, 0) }), false, true],
    ['coinbase', coin({ coinbase: true }), true, true],
    ['confirmation', coin({ confirmation: at(100, 'b') }), true, true],
    ['confirmation', coin({ confirmation: at(101) }), true, true],
    ['confirmation', coin({ confirmation: { ...at(100), height: 101 } }), true, true],
    ['confirmation', coin({ confirmation: at(100, 'b') }), false, false],
    ['confirmation', waiting, true, true],
    ['presence', undefined, true, true],
    ['presence', undefined, false, false],
  ])('disagreement on %s is refused (%#)', async (about, other, sameTip, alarm) => {
    const sources = [
      saysOutput(coin()),
      saysOutput(other, tipAt(105, sameTip ? '' : 'b')),
      saysOutput(coin()),
    ];
    for (const order of [sources, sources.slice(0, 2), sources.slice(1)]) {
      const quorum = scriptedQuorum(order);
      const answer = quorum.chain.unspentOutput(OUTPOINT);
      await expect(answer).rejects.toThrow(ChainDisagreement);
      await expect(answer).rejects.toThrow(`the chain sources disagree on unspentOutput: ${about}`);
      const [line] = quorum.lines;
      expect(line).toMatchObject({ event: 'chain-sources-disagree', alarm, about, ...OUTPOINT });
    }
  });

  test.each([[waiting], [undefined]])('a block that one has yet to see counts for nothing', async (early) => {
    const quorum = scriptedQuorum([saysOutput(coin(), tipAt(100)), saysOutput(early, tipAt(99))]);
    expect(await quorum.chain.unspentOutput(OUTPOINT)).toEqual(waiting);
    expect(quorum.lines).toEqual([]);
  });

  test.each([[waiting], [undefined]])('another block at that height is no lag', async (other) => {
    const quorum = scriptedQuorum([saysOutput(coin(), tipAt(100)), saysOutput(other, tipAt(100, 'b'))]);
    await expect(quorum.chain.unspentOutput(OUTPOINT)).rejects.toThrow(ChainDisagreement);
    expect(quorum.lines).toMatchObject([{ event: 'chain-sources-disagree', alarm: false }]);
  });

  test('a liar cannot buy a confirmation by a tip ahead of everybody', async () => {
    const liar = saysOutput(coin({ confirmation: at(106) }), tipAt(112));
    const quorum = scriptedQuorum([saysOutput(undefined), liar]);
    expect(await quorum.chain.unspentOutput(OUTPOINT)).toEqual(waiting);
  });

  test('a block that arrives between two answers is no disagreement', async () => {
    let asked = 0;
    const late: Script = {
      tip: async () => tipAt(100),
      unspentOutput: async () => (asked++ === 0 ? undefined : coin()),
    };
    const quorum = scriptedQuorum([saysOutput(coin(), tipAt(100)), late]);
    expect(await quorum.chain.unspentOutput(OUTPOINT)).toEqual(coin());
    expect(quorum.lines).toEqual([]);
  });
});

describe('who spends an output', () => {
  const mined: Spend = { txid: hash('5'), raw: '00', confirmation: at(100) };
  const pending: Spend = { txid: hash('5'), raw: '00' };
  const other: Spend = { txid: hash('6'), raw: '01', confirmation: at(100) };
  const saysSpend = (spend: Spend | undefined, tip = tipAt(105)): Script => ({
    tip: async () => tip,
    spend: async () => spend,
  });
  const ask = (scripts: readonly Script[]) => {
    const quorum = scriptedQuorum(scripts);
    return { ...quorum, answer: quorum.chain.spend(OUTPOINT, SCRIPT, 1) };
  };

  test.each<[what: string, scripts: readonly Script[], Spend | undefined]>([
    ['nobody', [saysSpend(undefined), saysSpend(undefined)], undefined],
    ['the same, mined', [saysSpend(mined), saysSpend(mined)], mined],
    ['pending to one alone', [saysSpend(undefined), saysSpend(pending)], pending],
    ['mined to one, on another tip', [saysSpend(undefined, tipAt(99)), saysSpend(mined)], pending],
    [
      'mined to one, pending on another branch',
      [saysSpend(pending, tipAt(105, 'b')), saysSpend(mined)],
      pending,
    ],
  ])('%s', async (_what, scripts, expected) => {
    const { answer, lines } = ask(scripts);
    expect(await answer).toEqual(expected);
    expect(lines).toEqual([]);
  });

  test.each<[about: string, Spend | undefined, Tip, alarm: boolean]>([
    ['presence', undefined, tipAt(105), true],
    ['confirmation', pending, tipAt(105), true],
    ['confirmation', { ...mined, confirmation: at(101) }, tipAt(105), true],
    ['confirmation', { ...mined, confirmation: at(100, 'b') }, tipAt(105, 'b'), false],
    ['spender', other, tipAt(105), true],
    ['spender', other, tipAt(105, 'b'), false],
  ])('disagreement on %s (%#)', async (about, spend, tip, alarm) => {
    const { answer, lines } = ask([saysSpend(mined), saysSpend(spend, tip)]);
    await expect(answer).rejects.toThrow(`the chain sources disagree on spend: ${about}`);
    expect(lines).toMatchObject([{ event: 'chain-sources-disagree', about, alarm }]);
  });
});

describe('the block at a height', () => {
  const says = (blockHash: string | undefined, tip = tipAt(105)): Script => ({
    tip: async () => tip,
    blockHash: async () => blockHash,
  });

  test('agreed, or not yet known to one', async () => {
    expect(await scriptedQuorum([says('x'), says('x')]).chain.blockHash(9)).toBe('x');
    expect(await scriptedQuorum([says(undefined), says('x')]).chain.blockHash(9)).toBe('x');
    expect(await scriptedQuorum([says(undefined), says(undefined)]).chain.blockHash(9)).toBeUndefined();
  });

  test.each([
    ['the same tip', tipAt(105), true],
    ['a reorg in progress', tipAt(105, 'b'), false],
  ])('two blocks, %s', async (_what, tip, alarm) => {
    const quorum = scriptedQuorum([says('x'), says('y', tip)]);
    await expect(quorum.chain.blockHash(9)).rejects.toThrow(ChainDisagreement);
    expect(quorum.lines).toMatchObject([{ about: 'block', height: 9, alarm }]);
  });
});

describe('fees', () => {
  test.each<[rates: readonly bigint[], expected: bigint]>([
    [[3_000n], 3_000n],
    [[3_000n, 9_000n], 9_000n],
    [[3_000n, 900_000n, 4_000n], 4_000n],
    [[0n, 3_000n], 3_000n],
    [[2_000_000n, 3_000n], 3_000n],
    [[2_000_000n, 1_500_000n], 1_000_000n],
    [[1n, 5n, 9n, 7n], 7n],
  ])('%j are %s', async (rates, expected) => {
    const quorum = scriptedQuorum(rates.map((rate) => ({ feeRate: async () => rate })));
    expect(await quorum.chain.feeRate(6)).toBe(expected);
  });

  test('no estimate above nothing is none', async () => {
    const { chain } = scriptedQuorum([{ feeRate: async () => 0n }]);
    await expect(chain.feeRate(6)).rejects.toThrow('no chain source has an estimate of fees');
  });

  test('a replacement has to satisfy everybody', async () => {
    const says = (incremental: bigint, floor: bigint): Script => ({
      replacementRate: async () => ({ incremental, floor }),
    });
    const { chain } = scriptedQuorum([says(100n, 5_000n), says(1_000n, 1_000n), {}]);
    expect(await chain.replacementRate()).toEqual({ incremental: 1_000n, floor: 5_000n });
  });
});

describe('broadcasts', () => {
  const outcome = (kind: BroadcastOutcome['kind']): BroadcastOutcome =>
    kind === 'accepted' || kind === 'already-known' ? { kind } : { kind, detail: kind };

  test.each<[kinds: readonly BroadcastOutcome['kind'][], best: BroadcastOutcome['kind']]>([
    [['missing-inputs', 'accepted'], 'accepted'],
    [['already-known', 'rejected'], 'already-known'],
    [['already-known', 'accepted'], 'accepted'],
    [['missing-inputs', 'fee-too-low'], 'fee-too-low'],
    [['rejected', 'non-final', 'missing-inputs'], 'non-final'],
    [['rejected', 'missing-inputs'], 'missing-inputs'],
  ])('go to everyone; of %j the best counts', async (kinds, best) => {
    const sent: string[] = [];
    const quorum = scriptedQuorum([
      {},
      ...kinds.map((kind) => ({
        broadcast: async (raw: string) => {
          sent.push(raw);
          return outcome(kind);
        },
        broadcastPackage: async () => outcome(kind),
      })),
    ]);
    expect(await quorum.chain.broadcast('00')).toEqual(outcome(best));
    expect(sent).toEqual(kinds.map(() => '00'));
    expect(await quorum.chain.broadcastPackage(['00', '01'])).toEqual(outcome(best));
  });

  test('tests and coins come from the first that answers', async () => {
    const later = jest.fn(async () => outcome('rejected'));
    const { chain } = scriptedQuorum([
      {},
      { testAcceptance: async () => outcome('non-final'), outputsPayingTo: async () => [] },
      { testAcceptance: later },
    ]);
    expect(await chain.testAcceptance('00')).toEqual(outcome('non-final'));
    expect(await chain.outputsPayingTo([SCRIPT])).toEqual([]);
    expect(later).not.toHaveBeenCalled();
  });

  test('a mempool entry comes from the first that has it', async () => {
    const entry: MempoolEntry = {
      fee: 1n,
      virtualSize: 2,
      descendantFees: 1n,
      descendantVirtualSize: 2,
      descendantCount: 1,
    };
    const none: Script = { mempoolEntry: async () => undefined };
    const { chain } = scriptedQuorum([{}, none, { mempoolEntry: async () => entry }]);
    expect(await chain.mempoolEntry(OUTPOINT.txid)).toEqual(entry);
    expect(await scriptedQuorum([none, {}]).chain.mempoolEntry(OUTPOINT.txid)).toBeUndefined();
  });
});
