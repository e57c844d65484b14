import { Logger } from '@aws-lambda-powertools/logger';
import { Metrics } from '@aws-lambda-powertools/metrics';
import type { Log } from './log.ts';
import { METRIC_DIMENSIONS, METRICS, type MetricName, measure } from './metrics.ts';

/** Made at the first line, when the environment is there that they read: POWERTOOLS_METRICS_NAMESPACE and, locally, POWERTOOLS_DEV. */
let tools: { readonly logger: Logger; readonly metrics: Metrics } | undefined;

/**
 * Each line as one JSON object, its event in `message` and its fields beside it. It goes to stdout and not through `console`:
 * Lambda takes JSON with `level` and `timestamp` as it is, where it would wrap what the console is given
 * (https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html). What a line counts for follows it
 * at once in the embedded metric format, so that a function that is stopped loses neither.
 */
export const powertoolsLog: Log = (event, fields) => {
  tools ??= {
    logger: new Logger({ serviceName: METRIC_DIMENSIONS.service }),
    metrics: new Metrics({ serviceName: METRIC_DIMENSIONS.service }),
  };
  const { logger, metrics } = tools;
  if (fields.alarm === true) logger.warn(event, { ...fields });
  else logger.info(event, { ...fields });

  const measured = Object.entries(measure(event, fields)) as [MetricName, number][];
  for (const [name, value] of measured) metrics.addMetric(name, METRICS[name], value);
  if (measured.length > 0) metrics.publishStoredMetrics();
};
