import { Duration } from 'aws-cdk-lib';
import {
  Alarm,
  ComparisonOperator,
  type IMetric,
  MathExpression,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import { deadlineAlarm } from '../../shared/channel/unsettled.ts';
import type { ShopMetrics } from './shop-metrics.ts';

export interface ShopAlarmsProps {
  readonly metrics: ShopMetrics;
  readonly topic: ITopic;
  /** Blocks before the refund height at which the shop begins to settle. */
  readonly close: number;
}

/** Bytes in a day by which twice what was paid for may be exceeded: nine dollars of what leaves S3. */
const UNPAID_EGRESS = 100e9;

/** Money is at risk after 144 blocks without a settlement, about a day: the seller is told within minutes. */
export class ShopAlarms extends Construct {
  readonly alarms: readonly Alarm[];
  readonly #topic: ITopic;

  constructor(scope: Construct, id: string, { metrics, topic, close }: ShopAlarmsProps) {
    super(scope, id);
    this.#topic = topic;
    this.alarms = [
      ...this.#ofMoney(metrics, close),
      ...this.#ofTheSchedule(metrics),
      ...this.#ofTheApi(metrics),
    ];
  }

  #ofMoney(metrics: ShopMetrics, close: number): Alarm[] {
    return [
      this.#alarm(
        'DeadlineNear',
        `A payment is in no block fewer than ${deadlineAlarm(close)} blocks before the buyer may take it back.`,
        // Counted once a block, and blocks may be an hour apart: none takes three hours.
        metrics.own('BlocksToDeadline', 'Minimum').with({ period: Duration.hours(3) }),
        { isBelow: deadlineAlarm(close) },
      ),
      this.#alarm(
        'SignerFailing',
        "The seller's key could not be used: nothing is co-signed and nothing settled.",
        metrics.own('SignerFailures'),
        { isAtLeast: 1 },
      ),
      this.#alarm(
        'ChainDisagreement',
        'The chain sources contradict each other, or their tips are too far apart.',
        // While it lasts it is seen with each block.
        metrics.own('ChainDisagreements').with({ period: Duration.hours(1) }),
        { isAtLeast: 1 },
      ),
      this.#alarm(
        'EgressUnpaid',
        'Within a day 100 GB more than twice what was paid for left the bucket.',
        new MathExpression({
          // A buyer whose connection breaks fetches a part twice; a chunk on credit is paid later, or never.
          expression: 'downloaded - 2 * paid',
          label: 'bytes downloaded beyond twice those paid',
          period: Duration.days(1),
          usingMetrics: { downloaded: metrics.bytesDownloaded, paid: metrics.own('BytesPaid') },
        }),
        { isAtLeast: UNPAID_EGRESS },
      ),
      this.#alarm(
        'AlarmLine',
        'A function logged a line with alarm: true that no other alarm is for.',
        metrics.own('AlarmLines'),
        { isAtLeast: 1 },
      ),
    ];
  }

  #ofTheSchedule(metrics: ShopMetrics): Alarm[] {
    return [
      this.#alarm(
        'SweepNotRun',
        'No run of the schedule has ended well for ten minutes.',
        metrics.own('SweepsDone').with({ period: Duration.minutes(10) }),
        // No value is no run.
        { isBelow: 1, missing: TreatMissingData.BREACHING },
      ),
      this.#alarm('SweepErrors', 'Runs of the schedule failed.', metrics.sweepErrors, { isAtLeast: 2 }),
      this.#alarm('SweepThrottled', 'Runs of the schedule were not let run.', metrics.sweepThrottles, {
        isAtLeast: 1,
      }),
      this.#alarm(
        'FailuresQueued',
        'Failed runs of the schedule wait to be looked at.',
        metrics.failuresQueued,
        { isAtLeast: 1 },
      ),
    ];
  }

  #ofTheApi(metrics: ShopMetrics): Alarm[] {
    return [
      this.#alarm(
        'ApiErrors',
        'Requests ended with 5xx: failures, time-outs, throttled functions, no chain.',
        metrics.apiErrors,
        { isAtLeast: 5 },
      ),
      this.#alarm('RequestsThrottled', 'The API turned requests away.', metrics.requestsThrottled, {
        isAtLeast: 20,
      }),
      this.#alarm('TableThrottled', 'The table turned requests away.', metrics.tableThrottles, {
        isAtLeast: 1,
      }),
    ];
  }

  /** @param limit where no value is good news unless it says otherwise */
  #alarm(
    id: string,
    alarmDescription: string,
    metric: IMetric,
    limit: ({ readonly isAtLeast: number } | { readonly isBelow: number }) & {
      readonly missing?: TreatMissingData;
    },
  ): Alarm {
    const isBelow = 'isBelow' in limit;
    const alarm = new Alarm(this, id, {
      alarmDescription,
      metric,
      evaluationPeriods: 1,
      threshold: isBelow ? limit.isBelow : limit.isAtLeast,
      comparisonOperator: isBelow
        ? ComparisonOperator.LESS_THAN_THRESHOLD
        : ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      treatMissingData: limit.missing ?? TreatMissingData.NOT_BREACHING,
    });
    alarm.addAlarmAction(new SnsAction(this.#topic));
    alarm.addOkAction(new SnsAction(this.#topic));
    return alarm;
  }
}
