import { Duration, Stack } from 'aws-cdk-lib';
import {
  Alarm,
  ComparisonOperator,
  type IMetric,
  Metric,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { FilterPattern, type ILogGroup, MetricFilter } from 'aws-cdk-lib/aws-logs';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { Construct } from 'constructs';

export interface ShopAlarmsProps {
  /** Of metrics; one for each stack in an account. */
  readonly namespace: string;
  /** All functions' log groups, the schedule's among them. */
  readonly logGroups: Readonly<Record<string, ILogGroup>>;
  readonly sweepLogGroup: ILogGroup;
  readonly accessLog: ILogGroup;
  readonly metrics: {
    readonly sweepErrors: Metric;
    readonly sweepThrottles: Metric;
    readonly apiErrors: Metric;
    readonly undelivered: Metric;
  };
  readonly email: string | undefined;
}

/** Money is at risk after 144 blocks without a settlement, about a day: the seller is told within minutes. */
export class ShopAlarms extends Construct {
  readonly topic: Topic;

  constructor(scope: Construct, id: string, props: ShopAlarmsProps) {
    super(scope, id);
    this.topic = new Topic(this, 'Topic', { enforceSSL: true });
    // A topic with a policy of its own has none of the usual one, by which the account's alarms may publish.
    this.topic.addToResourcePolicy(
      new PolicyStatement({
        principals: [new ServicePrincipal('cloudwatch.amazonaws.com')],
        actions: ['sns:Publish'],
        resources: [this.topic.topicArn],
        conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(this).account } },
      }),
    );
    if (props.email !== undefined) this.topic.addSubscription(new EmailSubscription(props.email));
    const { metrics, namespace } = props;

    const minutes = (count: number) => ({ period: Duration.minutes(count), statistic: 'Sum' });
    const sweeps = this.#countLines(
      namespace,
      'SweepsDone',
      { Sweep: props.sweepLogGroup },
      '{ $.message.event = "sweep-done" }',
    );
    this.#alarm(
      'SweepNotRun',
      'No run of the schedule has ended well for ten minutes.',
      sweeps.with(minutes(10)),
      {
        isBelow: 1,
      },
    );
    const alarming = this.#countLines(
      namespace,
      'AlarmLines',
      props.logGroups,
      '{ $.message.alarm IS TRUE }',
    );
    this.#alarm('AlarmLine', 'A function logged a line with alarm: true.', alarming.with(minutes(5)), {
      isAtLeast: 1,
    });
    const throttled = this.#countLines(
      namespace,
      'RequestsThrottled',
      { Access: props.accessLog },
      // The gateway's own: of the shop's 429 (too many links) the function's status is there.
      '{ ($.status = "429") && ($.integrationStatus = "-") }',
    );
    this.#alarm('RequestsThrottled', 'The API turned requests away.', throttled.with(minutes(5)), {
      isAtLeast: 20,
    });
    this.#alarm(
      'ApiErrors',
      'Requests ended with 5xx: failures, time-outs, throttled functions, no chain.',
      metrics.apiErrors.with(minutes(5)),
      {
        isAtLeast: 5,
      },
    );
    this.#alarm('SweepErrors', 'Runs of the schedule failed.', metrics.sweepErrors.with(minutes(5)), {
      isAtLeast: 2,
    });
    this.#alarm(
      'SweepThrottled',
      'Runs of the schedule were not let run.',
      metrics.sweepThrottles.with(minutes(5)),
      {
        isAtLeast: 1,
      },
    );
    const waiting = metrics.undelivered.with({ period: Duration.minutes(5), statistic: 'Maximum' });
    this.#alarm('FailuresQueued', 'Failed runs of the schedule wait to be looked at.', waiting, {
      isAtLeast: 1,
    });
  }

  #countLines(
    metricNamespace: string,
    metricName: string,
    logGroups: Readonly<Record<string, ILogGroup>>,
    pattern: string,
  ): Metric {
    for (const [name, logGroup] of Object.entries(logGroups)) {
      new MetricFilter(this, `${metricName}-${name}`, {
        logGroup,
        metricNamespace,
        metricName,
        filterPattern: FilterPattern.literal(pattern),
        metricValue: '1',
      });
    }
    return new Metric({ namespace: metricNamespace, metricName });
  }

  #alarm(
    id: string,
    alarmDescription: string,
    metric: IMetric,
    limit: { readonly isAtLeast: number } | { readonly isBelow: number },
  ): void {
    const isBelow = 'isBelow' in limit;
    const alarm = new Alarm(this, id, {
      alarmDescription,
      metric,
      evaluationPeriods: 1,
      threshold: isBelow ? limit.isBelow : limit.isAtLeast,
      comparisonOperator: isBelow
        ? ComparisonOperator.LESS_THAN_THRESHOLD
        : ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      // No line is no run; elsewhere no line is good news.
      treatMissingData: isBelow ? TreatMissingData.BREACHING : TreatMissingData.NOT_BREACHING,
    });
    alarm.addAlarmAction(new SnsAction(this.topic));
    alarm.addOkAction(new SnsAction(this.topic));
  }
}
