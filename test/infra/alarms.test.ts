import { askedByAlarm, widgetsOf } from '../support/asked-metrics.ts';
import { CONTEXT } from '../support/stack-contexts.ts';
import { type StackTemplate, synthesise } from '../support/stack-template.ts';

const template = synthesise();

function alarmsIn({ resources, pathOf }: StackTemplate) {
  const ids = Object.keys(resources).filter((id) => resources[id]?.Type === 'AWS::CloudWatch::Alarm');
  return new Map(ids.map((id) => [pathOf(id).replace('Alarms/', ''), resources[id]?.Properties]));
}

const alarms = alarmsIn(template);
const OWN = (name: string) => `Spillway/Shop ${name} service=spillway`;
const MINUTES = 60;
const HOURS = 60 * MINUTES;

/** Metrics, statistic, period in seconds, the limit, and what no value means. */
const EXPECTED: Readonly<Record<string, readonly [string[], string, number, string, string]>> = {
  DeadlineNear: [[OWN('BlocksToDeadline')], 'Minimum', 3 * HOURS, 'LessThanThreshold 100', 'notBreaching'],
  SignerFailing: [
    [OWN('SignerFailures')],
    'Sum',
    5 * MINUTES,
    'GreaterThanOrEqualToThreshold 1',
    'notBreaching',
  ],
  ChainDisagreement: [
    [OWN('ChainDisagreements')],
    'Sum',
    HOURS,
    'GreaterThanOrEqualToThreshold 1',
    'notBreaching',
  ],
  EgressUnpaid: [
    ['AWS/S3 BytesDownloaded BucketName=Datasets/Bucket FilterId=EntireBucket', OWN('BytesPaid')],
    'Sum',
    24 * HOURS,
    'GreaterThanOrEqualToThreshold 100000000000',
    'notBreaching',
  ],
  AlarmLine: [[OWN('AlarmLines')], 'Sum', 5 * MINUTES, 'GreaterThanOrEqualToThreshold 1', 'notBreaching'],
  SweepNotRun: [[OWN('SweepsDone')], 'Sum', 10 * MINUTES, 'LessThanThreshold 1', 'breaching'],
  SweepErrors: [
    ['AWS/Lambda Errors FunctionName=settle-channels/Function'],
    'Sum',
    5 * MINUTES,
    'GreaterThanOrEqualToThreshold 2',
    'notBreaching',
  ],
  SweepThrottled: [
    ['AWS/Lambda Throttles FunctionName=settle-channels/Function'],
    'Sum',
    5 * MINUTES,
    'GreaterThanOrEqualToThreshold 1',
    'notBreaching',
  ],
  FailuresQueued: [
    ['AWS/SQS ApproximateNumberOfMessagesVisible QueueName=Schedule/Failures'],
    'Maximum',
    5 * MINUTES,
    'GreaterThanOrEqualToThreshold 1',
    'notBreaching',
  ],
  ApiErrors: [
    ['AWS/ApiGateway 5xx ApiId=Api/Api'],
    'Sum',
    5 * MINUTES,
    'GreaterThanOrEqualToThreshold 5',
    'notBreaching',
  ],
  RequestsThrottled: [
    ['Spillway/Shop RequestsThrottled'],
    'Sum',
    5 * MINUTES,
    'GreaterThanOrEqualToThreshold 20',
    'notBreaching',
  ],
  TableThrottled: [
    [
      'AWS/DynamoDB ReadThrottleEvents TableName=Table/Table',
      'AWS/DynamoDB WriteThrottleEvents TableName=Table/Table',
    ],
    'Sum',
    5 * MINUTES,
    'GreaterThanOrEqualToThreshold 1',
    'notBreaching',
  ],
};

test.each(Object.entries(EXPECTED))('%s', (name, [metrics, statistic, period, limit, missing]) => {
  const alarm = alarms.get(name);
  expect(askedByAlarm(template, alarm)).toEqual(metrics);
  const stats = alarm.Metrics?.flatMap(({ MetricStat }: { MetricStat?: unknown }) => MetricStat ?? []) ?? [
    { Stat: alarm.Statistic, Period: alarm.Period },
  ];
  for (const each of stats) expect(each).toMatchObject({ Stat: statistic, Period: period });
  expect(`${alarm.ComparisonOperator} ${alarm.Threshold}`).toBe(limit);
  expect([alarm.TreatMissingData, alarm.EvaluationPeriods]).toEqual([missing, 1]);
  expect(alarm.AlarmActions.map(template.readable)).toEqual(['Notices/Topic']);
  expect(alarm.OKActions.map(template.readable)).toEqual(['Notices/Topic']);
});

test('there are no others', () => {
  expect([...alarms.keys()].sort()).toEqual(Object.keys(EXPECTED).sort());
});

test('egress is held against twice what was paid for, and a shop with little of it never alarms', () => {
  const [expression] = alarms.get('EgressUnpaid').Metrics;
  expect(expression).toMatchObject({ Expression: 'downloaded - 2 * paid', ReturnData: true });
});

test('a shop that settles later is told of a near deadline later', () => {
  const late = { ...CONTEXT, policy: { close: 72 } };
  expect(alarmsIn(synthesise(late)).get('DeadlineNear').Threshold).toBe(50);
});

test('a throttled request is one that no function saw', () => {
  const { Properties } = template.only('AWS::Logs::MetricFilter');
  expect(template.readable(Properties.LogGroupName)).toBe('Api/AccessLog');
  expect(Properties.FilterPattern).toBe('{ ($.status = "429") && ($.integrationStatus = "-") }');
});

test('they go to the address of the context', () => {
  expect(template.only('AWS::SNS::Subscription').Properties).toMatchObject({
    Protocol: 'email',
    Endpoint: 'seller@shop.example',
  });
});

describe('the dashboard', () => {
  const widgets = widgetsOf(template);

  test('shows every alarm', () => {
    const [{ properties } = { properties: undefined }] = widgets.filter(({ type }) => type === 'alarm');
    expect(properties?.alarms?.toSorted()).toEqual(
      Object.keys(EXPECTED)
        .map((name) => `Alarms/${name}`)
        .sort(),
    );
  });

  test('shows the lines behind them, of every function', () => {
    const [{ properties } = { properties: undefined }] = widgets.filter(({ type }) => type === 'log');
    expect(properties?.query).toContain('filter alarm = 1');
    for (const { Properties } of template.ofType('AWS::Lambda::Function')) {
      expect(properties?.query).toContain(`SOURCE '${template.readable(Properties.LoggingConfig.LogGroup)}'`);
    }
  });

  test('draws the line of the deadline’s alarm', () => {
    const drawn = widgets.find(({ properties }) => properties.title.startsWith('Blocks to'));
    expect(drawn?.properties.annotations).toMatchObject({ horizontal: [{ value: 100 }] });
  });
});
