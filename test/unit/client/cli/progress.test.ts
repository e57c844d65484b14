import { progressReporter, progressText } from '../../../../client/cli/progress.ts';

const MIB = 1024 * 1024;

function recorded(isTerminal: boolean) {
  const written: string[] = [];
  let now = 0;
  const report = progressReporter({ write: (text) => written.push(text), isTerminal }, { now: () => now });
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

test('what a dishonest shop could keep is said before anything is bound', () => {
  const { written, report } = recorded(false);
  const plan = { kind: 'planned', name: 'x', bytes: 100 * MIB, price: 50_000n, resumed: false } as const;
  report({ ...plan, ahead: 0, atRisk: 0n });
  report({ ...plan, ahead: 2, atRisk: 10_000n });
  const part = { files: 2, chunks: 3, chunksOfDataset: 40, channels: 1 };
  report({ ...plan, ahead: 0, atRisk: 0n, part, resumed: true });
  expect(written).toEqual([
    'buying x (100 MiB) for 50000 sat\n',
    'buying x (100 MiB) for 50000 sat\n  2 chunks paid before they arrive: a dishonest shop could keep 10000 sat\n',
    'going on with 2 files of x (3 of 40 chunks, 100 MiB, through 1 channel) for 50000 sat\n',
  ]);
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
    expect.stringMatching(/^0 %/),
    '\r\u001b[K',
    expect.stringMatching(/^20 %/),
    '\r\u001b[K',
    'channel abababababab closed (CLOSING)\n',
  ]);
});
