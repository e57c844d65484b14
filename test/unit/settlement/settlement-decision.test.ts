import { decideSettlement } from '../../../shared/settlement/settlement-decision.ts';
import type {
  SettlementAction,
  SettlementView,
  UnconfirmedSpend,
  Variant,
} from '../../../shared/settlement/settlement-view.ts';
import { L, POLICY, question } from './support.ts';

/** CLOSING at T_close, funded, 20,000 sat of share, 5 sat/vB, nothing signed yet. */
const view = (overrides: Partial<SettlementView> = {}): SettlementView => ({
  ...question(),
  state: 'CLOSING',
  fundingConfirmed: true,
  variants: [],
  unconfirmedSpends: [],
  incremental: 1_000n,
  ...overrides,
});

const signed = (fee: bigint, signedAtHeight = 856, txid = `of ${fee}`): Variant => ({
  txid,
  fee,
  virtualSize: 169,
  signedAtHeight,
});
const ours = (fee: bigint, child?: { fee: bigint; virtualSize: number }): UnconfirmedSpend => ({
  by: 'seller',
  txid: `of ${fee}`,
  fee,
  virtualSize: 169,
  descendants: child ? [{ txid: 'child', ...child }] : [],
});
const refund = (fee: bigint): UnconfirmedSpend => ({
  by: 'buyer',
  txid: 'refund',
  fee,
  virtualSize: 138,
  descendants: [],
});
/** A settlement of this fee, signed at a height and waiting in the mempool. */
const waiting = (fee: bigint, signedAt: number, child?: { fee: bigint; virtualSize: number }) => ({
  variants: [signed(fee, signedAt)],
  unconfirmedSpends: [ours(fee, child)],
});
const spent = (by: 'seller' | 'buyer', height: number) => ({
  confirmedSpend: { txid: 'spend', by, height },
});
const stakes = (share: bigint) => [{ share, refundHeight: L }];
const bump = (fee: bigint, conflict: UnconfirmedSpend): SettlementAction => ({
  kind: 'bump',
  fee,
  conflicts: [conflict],
});
const wait = (reason: Extract<SettlementAction, { kind: 'wait' }>['reason']): SettlementAction => ({
  kind: 'wait',
  reason,
});

const rows: readonly (readonly [string, Partial<SettlementView>, SettlementAction])[] = [
  // What is not ours to settle.
  ...(['PROPOSED', 'OPEN', 'SUSPENDED', 'SETTLED', 'CANCELLED', 'REFUSED', 'EXPIRED'] as const).map(
    (state) => [`${state}: nothing`, { state, ...waiting(845n, 800) }, wait('not-closing')] as const,
  ),
  ['nothing sold', { stakes: stakes(0n) }, wait('nothing-sold')],
  [
    'nothing sold, and A took its money back',
    { stakes: stakes(0n), tip: 1_005, ...spent('buyer', 1_000) },
    { kind: 'record-expired', txid: 'spend', height: 1_000 },
  ],

  // What the best chain says.
  [
    'settled one block deep, not recorded',
    { tip: 860, ...spent('seller', 860) },
    { kind: 'record-spend', txid: 'spend', height: 860 },
  ],
  [
    'settled five deep, recorded',
    { tip: 864, ...spent('seller', 860), recordedSpend: { txid: 'spend', height: 860 } },
    wait('not-deep-enough'),
  ],
  [
    'settled in another block than recorded',
    { tip: 864, ...spent('seller', 861), recordedSpend: { txid: 'spend', height: 860 } },
    { kind: 'record-spend', txid: 'spend', height: 861 },
  ],
  [
    'settled by another variant than recorded',
    { tip: 864, ...spent('seller', 860), recordedSpend: { txid: 'other', height: 860 } },
    { kind: 'record-spend', txid: 'spend', height: 860 },
  ],
  [
    'settled six deep',
    { tip: 865, ...spent('seller', 860), recordedSpend: { txid: 'spend', height: 860 } },
    { kind: 'record-settled', txid: 'spend', height: 860 },
  ],
  [
    'settled six deep, though the mempool still shows a refund',
    { tip: 1_005, ...spent('seller', 1_000), unconfirmedSpends: [refund(9_000n)] },
    { kind: 'record-settled', txid: 'spend', height: 1_000 },
  ],
  [
    'refunded, not deep',
    { tip: 1_004, ...spent('buyer', 1_000) },
    { kind: 'record-spend', txid: 'spend', height: 1_000 },
  ],
  [
    'refunded six deep',
    { tip: 1_005, ...spent('buyer', 1_000) },
    { kind: 'record-expired', txid: 'spend', height: 1_000 },
  ],
  [
    'a reorg took the settlement back into the mempool',
    { ...waiting(845n, 850), recordedSpend: { txid: 'of 845', height: 856 } },
    { kind: 'record-spend', txid: 'of 845' },
  ],
  [
    'a reorg took the settlement away, recorded',
    { variants: [signed(845n, 850)], recordedSpend: { txid: 'of 845' } },
    { kind: 'broadcast-again', variant: signed(845n, 850) },
  ],
  [
    'a reorg took the funding away',
    { fundingConfirmed: false, variants: [signed(845n, 800)] },
    { kind: 'wait-for-funding' },
  ],

  // Nothing in the mempool.
  ['nothing signed yet: the estimate', {}, { kind: 'sign-new', fee: 845n }],
  ['nothing signed yet, long before T_close: the estimate', { tip: 300 }, { kind: 'sign-new', fee: 845n }],
  [
    'nothing signed in an absence of 130 blocks: the curve of now',
    { tip: 986 },
    { kind: 'sign-new', fee: 10_000n + (9_706n * 10n) / 18n },
  ],
  [
    'nothing signed, L gone, no refund seen: all but dust',
    { tip: 1_200 },
    { kind: 'sign-new', fee: 19_706n },
  ],
  ['stored and never sent', { variants: [signed(845n)] }, { kind: 'broadcast-again', variant: signed(845n) }],
  [
    'several stored: the one of the highest rate',
    { variants: [signed(845n), signed(1_500n), signed(1_014n)] },
    { kind: 'broadcast-again', variant: signed(1_500n) },
  ],
  [
    'stored, evicted below the floor: pays the floor and the replacement, whatever the cadence',
    { variants: [signed(845n)], floor: 7_000n },
    { kind: 'sign-new', fee: 1_183n },
  ],
  [
    'the same, where the replacement costs more than the floor',
    { variants: [signed(845n)], floor: 5_010n },
    { kind: 'sign-new', fee: 1_014n },
  ],
  [
    'stored, below a floor that half of the share does not pay',
    { variants: [signed(845n)], floor: 60_000n },
    { kind: 'uneconomic', reason: 'floor-above-budget', least: 10_140n },
  ],
  [
    'stored below the floor, which is paid, but its replacement is not',
    { variants: [signed(9_900n)], floor: 59_000n },
    { kind: 'broadcast-again', variant: signed(9_900n) },
  ],
  [
    'stored long ago, and now it should pay more',
    { variants: [signed(845n)], tip: 871, estimate: 9_000n },
    { kind: 'sign-new', fee: 1_521n + (8_479n * 15n) / 120n },
  ],
  [
    'the same one block too early for a bump',
    { variants: [signed(845n)], tip: 870, estimate: 9_000n },
    { kind: 'broadcast-again', variant: signed(845n) },
  ],
  [
    'stored, and the market asks hardly more',
    { variants: [signed(845n, 300)], tip: 400, estimate: 5_500n },
    { kind: 'broadcast-again', variant: signed(845n, 300) },
  ],
  [
    'stored in the zone: any increase that may replace it',
    { variants: [signed(10_000n, 976)], tip: 991 },
    { kind: 'sign-new', fee: 10_000n + (9_706n * 15n) / 18n },
  ],

  // Uneconomic.
  [
    'a share below floor and dust',
    { stakes: stakes(462n) },
    { kind: 'uneconomic', reason: 'share-below-cost', least: 169n },
  ],
  [
    'a floor above half of the share',
    { floor: 60_000n },
    { kind: 'uneconomic', reason: 'floor-above-budget', least: 10_140n },
  ],
  [
    'a floor of exactly all but dust is for the zone too',
    { stakes: stakes(1_294n), floor: 5_917n },
    { kind: 'uneconomic', reason: 'floor-above-budget', least: 1_000n },
  ],
  [
    'the same in the zone is paid',
    { floor: 60_000n, estimate: 60_000n, tip: 976 },
    { kind: 'sign-new', fee: 10_140n },
  ],

  // Ours in the mempool.
  ['in the mempool at the rate it should have', waiting(845n, 300), wait('in-mempool')],
  [
    'before the cadence, however fees rose',
    { ...waiting(845n, 856), tip: 870, estimate: 50_000n },
    wait('in-mempool'),
  ],
  [
    'at the cadence the curve has risen',
    { ...waiting(845n, 856), tip: 871 },
    bump(845n + (9_155n * 15n) / 120n, ours(845n)),
  ],
  [
    'fees rose fifty-fold at T_close: half of the share',
    { ...waiting(845n, 856), tip: 871, estimate: 250_000n },
    bump(10_000n, ours(845n)),
  ],
  [
    'before T_close the estimate decides',
    { ...waiting(845n, 300), tip: 400, estimate: 10_000n },
    bump(1_690n, ours(845n)),
  ],
  ['fees fell: nothing to do', { ...waiting(845n, 300), tip: 400, estimate: 1_000n }, wait('in-mempool')],
  [
    'less than an eighth more, with time left',
    { ...waiting(1_690n, 300), tip: 400, estimate: 11_000n },
    wait('in-mempool'),
  ],
  [
    'less than the replacement costs, with time left',
    { ...waiting(169n, 300), tip: 400, estimate: 1_500n },
    wait('in-mempool'),
  ],
  [
    'the floor rose above half of the share: it stays where it is',
    { ...waiting(845n, 856), tip: 900, floor: 60_000n },
    wait('in-mempool'),
  ],
  [
    '13 blocks left: every third',
    { ...waiting(10_000n, 984), tip: 987 },
    bump(10_000n + (9_706n * 11n) / 18n, ours(10_000n)),
  ],
  ['3 blocks left: each', { ...waiting(19_000n, 996), tip: 997 }, bump(19_706n, ours(19_000n))],
  ['all but dust is paid already', { ...waiting(19_706n, 996), tip: 997 }, wait('in-mempool')],
  [
    'in the zone the replacement may cost more than is wanted',
    {
      ...waiting(14_800n, 981),
      tip: 985 - 1,
      stakes: [{ share: 20_000n, refundHeight: 999 }],
      incremental: 20_000n,
      estimate: 95_000n,
    },
    bump(18_180n, ours(14_800n)),
  ],
  [
    'in the zone, and what must be replaced costs more than all but dust',
    { ...waiting(19_600n, 996), tip: 997 },
    wait('cannot-replace'),
  ],
  [
    'a table restored from before it was signed: its variant is not known, and bumped all the same',
    { unconfirmedSpends: [ours(845n)], tip: 871 },
    bump(845n + (9_155n * 15n) / 120n, ours(845n)),
  ],

  // The buyer's child on its change output.
  [
    'a cheap child that pays much: out-bid when the curve is there',
    { ...waiting(169n, 856, { fee: 2_000n, virtualSize: 1_000 }), tip: 886 },
    bump(845n + (9_155n * 30n) / 120n, ours(169n, { fee: 2_000n, virtualSize: 1_000 })),
  ],
  [
    'the same before the curve is there',
    { ...waiting(169n, 856, { fee: 2_000n, virtualSize: 1_000 }), tip: 871 },
    wait('in-mempool'),
  ],
  [
    'a child that lifts the rate to what is wanted pays for us',
    { ...waiting(845n, 856, { fee: 20_000n, virtualSize: 1_000 }), tip: 871 },
    wait('in-mempool'),
  ],
  [
    'in the zone a pin is out-bid at once',
    { ...waiting(169n, 961, { fee: 9_900n, virtualSize: 1_000 }), tip: 976 },
    bump(10_238n, ours(169n, { fee: 9_900n, virtualSize: 1_000 })),
  ],
  [
    'a pin worth more than the share',
    { ...waiting(169n, 961, { fee: 19_600n, virtualSize: 1_000 }), tip: 976 },
    wait('cannot-replace'),
  ],

  // The refund, after L.
  [
    'a refund in the mempool is out-bid with all but dust',
    { tip: 1_000, unconfirmedSpends: [refund(9_000n)] },
    { kind: 'outbid-refund', fee: 19_706n, conflicts: [refund(9_000n)] },
  ],
  [
    'without waiting for a cadence',
    { tip: 1_000, variants: [signed(8_000n, 1_000)], unconfirmedSpends: [refund(9_000n)] },
    { kind: 'outbid-refund', fee: 19_706n, conflicts: [refund(9_000n)] },
  ],
  [
    'a stored variant that replaces it is sent again',
    {
      tip: 1_000,
      variants: [signed(1_000n, 990), signed(19_706n, 999)],
      unconfirmedSpends: [refund(9_000n)],
    },
    { kind: 'broadcast-again', variant: signed(19_706n, 999) },
  ],
  [
    'a refund that pays more than the share is worth',
    { tip: 1_000, unconfirmedSpends: [refund(19_600n)] },
    { kind: 'uneconomic', reason: 'refund-pays-more', least: 24_003n },
  ],
  [
    'a share that pays no settlement is no bid either',
    { tip: 1_000, stakes: stakes(400n), unconfirmedSpends: [refund(138n)] },
    { kind: 'uneconomic', reason: 'share-below-cost', least: 169n },
  ],

  // Batches.
  [
    'a batch is bumped as one',
    {
      ...waiting(845n, 856),
      stakes: [...stakes(20_000n), { share: 20_000n, refundHeight: 1_050 }],
      tip: 871,
    },
    bump(845n + (19_155n * 15n) / 240n, ours(845n)),
  ],
  [
    'its last bump before the zone leaves it at the rate the zone begins with',
    {
      ...waiting(845n, 900),
      stakes: [...stakes(20_000n), { share: 20_000n, refundHeight: 1_050 }],
      tip: 965,
    },
    bump(845n + (19_155n * 190n) / 240n, ours(845n)),
  ],
  [
    'one settlement for many singles of ours pays for all',
    {
      tip: 900,
      stakes: [...stakes(20_000n), ...stakes(20_000n)],
      virtualSize: 295,
      variants: [],
      unconfirmedSpends: [ours(2_000n), ours(3_000n)],
    },
    { kind: 'bump', fee: 1_475n + (18_525n * 44n) / 120n, conflicts: [ours(2_000n), ours(3_000n)] },
  ],
  [
    'more than nodes evict for one transaction',
    {
      tip: 900,
      stakes: Array.from({ length: 101 }, () => stakes(20_000n)).flat(),
      unconfirmedSpends: Array.from({ length: 101 }, (_, index) => ({ ...ours(845n), txid: `${index}` })),
      virtualSize: 9_900,
    },
    wait('cannot-replace'),
  ],
];

test.each(rows)('%s', (_, overrides, action) => {
  expect(decideSettlement(view(overrides), POLICY)).toEqual(action);
});

test('every action and every reason has a row', () => {
  const named = (action: SettlementAction): string =>
    'reason' in action ? `${action.kind}: ${action.reason}` : action.kind;
  expect([...new Set(rows.map(([, , action]) => named(action)))].sort()).toEqual([
    'broadcast-again',
    'bump',
    'outbid-refund',
    'record-expired',
    'record-settled',
    'record-spend',
    'sign-new',
    'uneconomic: floor-above-budget',
    'uneconomic: refund-pays-more',
    'uneconomic: share-below-cost',
    'wait-for-funding',
    'wait: cannot-replace',
    'wait: in-mempool',
    'wait: not-closing',
    'wait: not-deep-enough',
    'wait: nothing-sold',
  ]);
});
