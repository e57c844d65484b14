import { Duration } from 'aws-cdk-lib';
import type { HttpApi } from 'aws-cdk-lib/aws-apigatewayv2';
import { MathExpression, Metric } from 'aws-cdk-lib/aws-cloudwatch';
import type { Table } from 'aws-cdk-lib/aws-dynamodb';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { FilterPattern, type ILogGroup, MetricFilter } from 'aws-cdk-lib/aws-logs';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { METRIC_DIMENSIONS, type MetricName } from '../../shared/metrics.ts';

export interface ShopMetricsProps {
  /** Of the metrics that the functions print. */
  readonly namespace: string;
  readonly sweep: IFunction;
  readonly api: HttpApi;
  readonly accessLog: ILogGroup;
  readonly table: Table;
  /** Failed runs of the schedule. */
  readonly failures: Queue;
  readonly bytesDownloaded: Metric;
}

const SUM = { statistic: 'Sum', period: Duration.minutes(5) };

/** What alarms and dashboard look at: what the functions print, and what AWS counts by itself. */
export class ShopMetrics extends Construct {
  readonly sweepErrors: Metric;
  readonly sweepThrottles: Metric;
  readonly apiRequests: Metric;
  readonly apiErrors: Metric;
  readonly apiLatency: Metric;
  readonly requestsThrottled: Metric;
  readonly tableThrottles: MathExpression;
  readonly failuresQueued: Metric;
  readonly bytesDownloaded: Metric;
  readonly #namespace: string;

  constructor(scope: Construct, id: string, props: ShopMetricsProps) {
    super(scope, id);
    const { sweep, api, table } = props;
    this.#namespace = props.namespace;
    this.sweepErrors = sweep.metricErrors(SUM);
    this.sweepThrottles = sweep.metricThrottles(SUM);
    this.apiRequests = api.metricCount(SUM);
    this.apiErrors = api.metricServerError(SUM);
    this.apiLatency = api.metricLatency({ statistic: 'p99', period: SUM.period });
    this.requestsThrottled = this.#requestsThrottled(props.accessLog);
    this.tableThrottles = throttlesOf(table);
    this.failuresQueued = props.failures.metricApproximateNumberOfMessagesVisible({ statistic: 'Maximum' });
    this.bytesDownloaded = props.bytesDownloaded;
  }

  /** One that the functions print. */
  own(metricName: MetricName, statistic: 'Sum' | 'Minimum' | 'Maximum' = 'Sum'): Metric {
    const dimensionsMap = { ...METRIC_DIMENSIONS };
    return new Metric({ ...SUM, namespace: this.#namespace, metricName, dimensionsMap, statistic });
  }

  /** No function sees them: they are counted in the gateway's log. */
  #requestsThrottled(logGroup: ILogGroup): Metric {
    const name = { metricNamespace: this.#namespace, metricName: 'RequestsThrottled' };
    new MetricFilter(this, 'RequestsThrottled', {
      ...name,
      logGroup,
      // The gateway's own: of the shop's 429 (too many links) the function's status is there.
      filterPattern: FilterPattern.literal('{ ($.status = "429") && ($.integrationStatus = "-") }'),
      metricValue: '1',
    });
    return new Metric({ ...SUM, namespace: name.metricNamespace, metricName: name.metricName });
  }
}

function throttlesOf({ tableName }: Table): MathExpression {
  const events = (metricName: string) =>
    new Metric({ ...SUM, namespace: 'AWS/DynamoDB', metricName, dimensionsMap: { TableName: tableName } });
  return new MathExpression({
    // There is a value for a minute with such an event alone.
    expression: 'SUM(METRICS())',
    label: 'requests that the table turned away',
    period: SUM.period,
    usingMetrics: { reads: events('ReadThrottleEvents'), writes: events('WriteThrottleEvents') },
  });
}
