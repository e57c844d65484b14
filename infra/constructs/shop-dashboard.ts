import { Duration, Stack } from 'aws-cdk-lib';
import {
  type Alarm,
  AlarmStatusWidget,
  Dashboard,
  GraphWidget,
  type IMetric,
  type IWidget,
  LogQueryWidget,
  type Metric,
  SingleValueWidget,
} from 'aws-cdk-lib/aws-cloudwatch';
import type { ILogGroup } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { deadlineAlarm } from '../../shared/channel/unsettled.ts';
import type { MetricName } from '../../shared/metrics.ts';
import type { ShopMetrics } from './shop-metrics.ts';

export interface ShopDashboardProps {
  readonly metrics: ShopMetrics;
  readonly alarms: readonly Alarm[];
  /** Of all functions. */
  readonly logGroups: readonly ILogGroup[];
  /** Blocks before the refund height at which the shop begins to settle. */
  readonly close: number;
}

/** Columns of a dashboard. */
const WIDTH = 24;
const HOUR = Duration.hours(1);
const STATES: readonly MetricName[] = [
  'ChannelsProposed',
  'ChannelsOpened',
  'ChannelsSuspended',
  'ChannelsClosing',
  'ChannelsSettled',
  'ChannelsExpired',
  'ChannelsCancelled',
  'ChannelsRefused',
];

/** What a seller wants to see of a shop, from the money down to the machinery. */
export class ShopDashboard extends Construct {
  constructor(scope: Construct, id: string, { metrics, alarms, logGroups, close }: ShopDashboardProps) {
    super(scope, id);
    const { stackName, region } = Stack.of(this);
    const dashboard = new Dashboard(this, 'Dashboard', {
      // A name belongs to an account, not to a region.
      dashboardName: `${stackName}-${region}`,
      defaultInterval: Duration.days(7),
    });
    const alarmStates = new AlarmStatusWidget({
      title: 'Alarms',
      width: WIDTH,
      height: 3,
      alarms: [...alarms],
    });
    dashboard.addWidgets(alarmStates);
    dashboard.addWidgets(...totals(metrics));
    dashboard.addWidgets(...sales(metrics));
    dashboard.addWidgets(...channels(metrics, close));
    dashboard.addWidgets(...machinery(metrics));
    dashboard.addWidgets(lastAlarmLines(logGroups));
  }
}

/** Over the time that is shown. */
function totals(metrics: ShopMetrics): IWidget[] {
  const total = (title: string, metric: Metric) =>
    new SingleValueWidget({ title, width: 6, height: 3, metrics: [metric], setPeriodToTimeRange: true });
  return [
    total('Chunks sold', metrics.own('ChunksSold')),
    total('Satoshis earned', metrics.own('SatoshisEarned')),
    total('Bytes paid for', metrics.own('BytesPaid')),
    total('Bytes that left the bucket', metrics.bytesDownloaded),
  ];
}

function sales(metrics: ShopMetrics): IWidget[] {
  const hourly = (name: MetricName) => metrics.own(name).with({ period: HOUR });
  return [
    graph('Sales an hour', [hourly('ChunksSold')], { right: [hourly('SatoshisEarned')] }),
    graph('Bytes an hour', [hourly('BytesPaid'), metrics.bytesDownloaded.with({ period: HOUR })]),
  ];
}

function channels(metrics: ShopMetrics, close: number): IWidget[] {
  const entered = STATES.map((name) => metrics.own(name).with({ period: HOUR }));
  const deadline = metrics.own('BlocksToDeadline', 'Minimum').with({ period: HOUR });
  return [
    graph('Channels that came into a state', entered),
    graph('Blocks to the nearest deadline of what is to be settled', [deadline], {
      lines: [{ value: deadlineAlarm(close), label: 'alarm' }],
    }),
  ];
}

function machinery(metrics: ShopMetrics): IWidget[] {
  const { sweepErrors, sweepThrottles, failuresQueued } = metrics;
  const { apiRequests, apiErrors, requestsThrottled, tableThrottles, apiLatency } = metrics;
  const trouble = (['SignerFailures', 'ChainDisagreements', 'AlarmLines'] as const).map((name) =>
    metrics.own(name),
  );
  return [
    graph('Schedule', [metrics.own('SweepsDone'), sweepErrors, sweepThrottles, failuresQueued], {
      right: [metrics.own('SweepAge', 'Maximum')],
      width: WIDTH / 3,
    }),
    graph('Requests', [apiRequests, apiErrors, requestsThrottled, tableThrottles], {
      right: [apiLatency],
      width: WIDTH / 3,
    }),
    graph('Trouble', trouble, { width: WIDTH / 3 }),
  ];
}

/** The lines behind the alarms, the newest first. */
function lastAlarmLines(logGroups: readonly ILogGroup[]): IWidget {
  return new LogQueryWidget({
    title: 'Lines with alarm: true',
    width: WIDTH,
    height: 6,
    logGroupNames: logGroups.map(({ logGroupName }) => logGroupName),
    queryLines: [
      'fields @timestamp, message, channelId, reason, @message',
      'filter alarm = 1',
      'sort @timestamp desc',
      'limit 20',
    ],
  });
}

interface GraphOptions {
  readonly right?: IMetric[];
  readonly lines?: { readonly value: number; readonly label: string }[];
  readonly width?: number;
}

function graph(
  title: string,
  left: IMetric[],
  { right = [], lines = [], width = WIDTH / 2 }: GraphOptions = {},
) {
  return new GraphWidget({ title, width, height: 6, left, right, leftAnnotations: lines });
}
