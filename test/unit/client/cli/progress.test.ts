import { progressReporter, progressText } from '../../../../client/cli/progress.ts';

const MIB = 1024 * 1024;

function recorded(isTerminal: boolean, columns = 80) {
  const written: string[] = [];
  let now = 0;
  const write = (text: string) => void written.push(text);
  const report = progressReporter({ write, isTerminal, hasColour: false, columns }, { now: () => now });
  return { written, report, wait: (milliseconds: number) => (now += milliseconds) };
}

test('the line says how far, how fast, how long and what was paid', () => {
  expect(progressText(25 * MIB, 100 * MIB, 5 * MIB, 5_000n)).toBe(
    '25 %  25 MiB of 100 MiB  5 MiB/s  15 s left  5000 sat paid',
  );
  expect(progressText(0, MIB, 0, 0n)).toContain('– left');
  expect(progressText(0, 3_700 * MIB, MIB, 0n)).toContain('1 h 1 min left');
});

test('off a terminal there are plain lines only, one a payment', () => {
  const { written, report } = recorded(false);
  report({ kind: 'bytes', done: 1, total: 2 });
  report({ kind: 'chunk-paid', chunk: 0, chunks: 2, paid: 10n });
  expect(written).toEqual(['chunk 1 of 2 paid, 10 sat so far\n']);
});

const plan = { kind: 'planned', name: 'x', bytes: 100 * MIB, price: 50_000n, paid: 0n } as const;
const costs = {
  channels: 1,
  capacity: 50_000n,
  fundingFees: 154n,
  refundFee: 139n,
  refundHeight: 1_109,
  blocks: 1_008,
};

test('price, fees, locktime and the worst case are said before anything is bound', () => {
  const { written, report } = recorded(false);
  report({ ...plan, ahead: 0, atRisk: 0n, costs, resumed: false });
  expect(written.join('').split('\n')).toEqual([
    'buying x (100 MiB) for 50000 sat',
    '  payment    each chunk is paid after it was checked: nothing is paid that did not come',
    '  channel    binds 50000 sat; the shop settles when you are done',
    "  fees       about 154 sat to fund it; the settlement's are the seller's",
    '  locktime   height 1109, in 1008 blocks, about 1970-01-08 (7 days): from then on you can take back what is bound',
    '  worst case the shop vanishes: what is left comes back then; lost are the fees, about 293 sat',
    '',
  ]);
});

test('what a dishonest shop could keep is said, and how many channels there will be', () => {
  const { written, report } = recorded(false);
  const several = { ...costs, channels: 3, fundingFees: 462n, blocks: 5 };
  report({ ...plan, ahead: 2, atRisk: 10_000n, costs: several, resumed: false });
  expect(written.join('')).toBe(`buying x (100 MiB) for 50000 sat
  payment    2 chunks paid before they arrive: a dishonest shop could keep 10000 sat
  channel    3, one after the other; each binds up to 50000 sat; the shop settles when you are done
  fees       about 462 sat to fund it; the settlement's are the seller's
  locktime   height 1109, in 5 blocks, about today: from then on you can take back what is bound
  worst case the shop vanishes: what is left comes back then; lost are the fees, about 293 sat, and the 10000 sat paid ahead
`);
});

test('what goes on costs no new channel, and what was paid before counts', () => {
  const { written, report, wait } = recorded(true);
  const part = { files: 2, chunks: 3, chunksOfDataset: 40, channels: 1 };
  report({ ...plan, paid: 20_000n, ahead: 1, atRisk: 5_000n, part, resumed: true });
  wait(1_000);
  report({ kind: 'bytes', done: 40, total: 100 });
  expect(written).toEqual([
    'going on with 2 files of x (3 of 40 chunks, 100 MiB, through 1 channel) for 50000 sat\n' +
      '  payment    1 chunk paid before it arrives: a dishonest shop could keep 5000 sat\n',
    '████████░░░░░░░░░░░░ 40 %  40 B of 100 B  0 B/s  – left  20000 sat paid',
  ]);
});

test('a deposit: a code to scan where there is a terminal that is wide enough', () => {
  const deposit = {
    kind: 'deposit-needed',
    address: 'bcrt1qxyz',
    satoshis: 7n,
    uri: 'bitcoin:bcrt1qxyz?amount=0.00000007',
  } as const;
  const lines = (isTerminal: boolean, columns?: number) => {
    const { written, report } = recorded(isTerminal, columns);
    report(deposit);
    return written.join('').split('\n');
  };
  const [first, second, ...code] = lines(true);
  expect([first, second]).toEqual(lines(false).slice(0, 2));
  // Version 3 is 29 modules wide (ISO/IEC 18004), and two of white on each side.
  expect(code).toHaveLength(17 + 2);
  expect(code.slice(0, 17).every((line) => line.length === 33)).toBe(true);
  expect(lines(true, 30)).toEqual(lines(false));
});

test('off a terminal a long chunk is not silent: a line every half minute', () => {
  const { written, report, wait } = recorded(false);
  for (let second = 0; second <= 65; second++) {
    report({ kind: 'bytes', done: second * MIB, total: 100 * MIB });
    wait(1_000);
  }
  expect(written).toEqual([
    '30 %  30 MiB of 100 MiB  1 MiB/s  1 min 10 s left  0 sat paid\n',
    '60 %  60 MiB of 100 MiB  1 MiB/s  40 s left  0 sat paid\n',
  ]);
});

test('the rate is that of the last ten seconds, not of a stalled beginning', () => {
  const { written, report, wait } = recorded(true);
  report({ kind: 'bytes', done: 0, total: 100 * MIB });
  wait(60_000);
  report({ kind: 'bytes', done: 0, total: 100 * MIB });
  wait(1_000);
  report({ kind: 'bytes', done: 9 * MIB, total: 100 * MIB });
  expect(written.at(-1)).toContain('9 MiB/s');
});

test('a purchase of many chunks does not fill a log', () => {
  const { written, report } = recorded(false);
  for (let chunk = 0; chunk < 1_000; chunk++) report({ kind: 'chunk-paid', chunk, chunks: 1_000, paid: 1n });
  expect(written).toHaveLength(200);
});

test('on a terminal one line is drawn again, not too often, and makes room for others', () => {
  const { written, report, wait } = recorded(true);
  wait(1_000);
  report({ kind: 'bytes', done: 0, total: 100 });
  wait(100);
  report({ kind: 'bytes', done: 10, total: 100 });
  wait(100);
  report({ kind: 'bytes', done: 20, total: 100 });
  report({ kind: 'channel-closed', channelId: 'ab'.repeat(32), state: 'CLOSING' });
  expect(written).toEqual([
    expect.stringMatching(/^░+ 0 %/),
    '\r\u001b[K',
    expect.stringMatching(/^█+░+ 20 %/),
    '\r\u001b[K',
    'channel abababababab closed (CLOSING)\n',
  ]);
});
