import type { StackTemplate } from './stack-template.ts';

/** A metric as an alarm or the dashboard names it: `Spillway/Shop ChunksSold service=spillway`. */
export type AskedMetric = string;

interface AlarmMetric {
  readonly Namespace: string;
  readonly MetricName: string;
  readonly Dimensions?: readonly { readonly Name: string; readonly Value: unknown }[];
}

export function namedMetric(namespace: string, name: string, dimensions: readonly string[][]): AskedMetric {
  return [namespace, name, ...dimensions.map((pair) => pair.join('='))].join(' ');
}

/** What one alarm asks for; where it counts with several, all of them. */
export function askedByAlarm(
  { readable }: StackTemplate,
  // biome-ignore lint/suspicious/noExplicitAny: a template's properties are of every form
  properties: any,
): AskedMetric[] {
  const metrics: AlarmMetric[] = properties.Metrics
    ? properties.Metrics.flatMap(({ MetricStat }: { MetricStat?: { Metric: AlarmMetric } }) =>
        MetricStat ? [MetricStat.Metric] : [],
      )
    : [properties];
  return metrics.map(({ Namespace, MetricName, Dimensions = [] }) =>
    namedMetric(
      Namespace,
      MetricName,
      Dimensions.map(({ Name, Value }) => [Name, readable(Value)]),
    ),
  );
}

export interface Widget {
  readonly type: string;
  readonly properties: {
    readonly title: string;
    readonly metrics?: readonly (readonly unknown[])[];
    readonly alarms?: readonly string[];
    readonly query?: string;
    readonly annotations?: unknown;
  };
}

export function widgetsOf({ only, readable }: StackTemplate): readonly Widget[] {
  return JSON.parse(readable(only('AWS::CloudWatch::Dashboard').Properties.DashboardBody)).widgets;
}

/** What a widget draws: namespace, name, then dimensions by name and value, then how. */
export function askedByWidget({ properties: { metrics = [] } }: Widget): AskedMetric[] {
  return metrics.flatMap((metric) => {
    const texts = metric.filter((part) => typeof part === 'string');
    const [namespace, name, ...rest] = texts;
    if (namespace === undefined || name === undefined) return [];
    const pairs = rest.flatMap((part, index) => (index % 2 === 0 ? [[part, rest[index + 1] ?? '']] : []));
    return [namedMetric(namespace, name, pairs)];
  });
}
