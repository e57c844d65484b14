import { powertoolsLog } from '../../shared/powertools-log.ts';
import { measuredIn, printedLines } from '../support/printed-lines.ts';

const printed = printedLines();
beforeAll(() => {
  process.env.POWERTOOLS_METRICS_NAMESPACE = 'Spillway/unit';
});

const linesOf = (run: () => void) => {
  const before = printed.length;
  run();
  return printed.slice(before);
};

test('a line is one JSON object: the event as its message, the fields beside it', () => {
  const [line = '', ...more] = linesOf(() =>
    powertoolsLog('chunk-issued', { channelId: 'ab', chunk: 3, nested: { tips: [1, null] } }),
  );
  expect(more).toEqual([]);
  expect(JSON.parse(line)).toMatchObject({
    level: 'INFO',
    message: 'chunk-issued',
    service: 'spillway',
    timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
    channelId: 'ab',
    chunk: 3,
    nested: { tips: [1, null] },
  });
});

test('a line with an alarm is a warning, and its metric follows it at once', () => {
  const [line = '', metrics = '', ...more] = linesOf(() =>
    powertoolsLog('sweep-failed', { alarm: true, channels: ['ab'], reason: 'TypeError' }),
  );
  expect(more).toEqual([]);
  expect(JSON.parse(line)).toMatchObject({ level: 'WARN', message: 'sweep-failed', alarm: true });
  expect(measuredIn([metrics])).toMatchObject([{ name: 'AlarmLines', value: 1 }]);
});

test('what is no alarm counts for none, and what has an alarm of its own does not ring twice', () => {
  const counted = (event: string, alarm: boolean) =>
    measuredIn(linesOf(() => powertoolsLog(event, { alarm }))).map(({ name }) => name);
  expect(counted('chain-sources-disagree', false)).toEqual([]);
  expect(counted('chain-sources-disagree', true)).toEqual(['ChainDisagreements']);
  expect(counted('chain-tips-differ', true)).toEqual(['ChainDisagreements']);
  expect(counted('signing-failed', true)).toEqual(['SignerFailures']);
  expect(counted('funding-spent-by-buyer', false)).toEqual([]);
});
