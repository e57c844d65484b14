type Stream = 'stdout' | 'stderr';

/** What is printed from now on, a line each, as Lambda would send it to CloudWatch; what is no JSON goes on to the terminal. */
export function printedLines(): readonly string[] {
  const lines: string[] = [];
  for (const name of ['stdout', 'stderr'] satisfies Stream[]) {
    const stream = process[name];
    const passOn = stream.write.bind(stream);
    jest.spyOn(stream, 'write').mockImplementation((text) => {
      if (!String(text).startsWith('{')) return passOn(text);
      lines.push(...String(text).trimEnd().split('\n'));
      return true;
    });
  }
  return lines;
}

/** The metrics among printed lines: what CloudWatch takes from the embedded metric format, and where it puts it. */
export function measuredIn(lines: readonly string[]): readonly Measured[] {
  return lines.flatMap((line) => {
    const { _aws, ...values } = JSON.parse(line);
    if (_aws === undefined) return [];
    return _aws.CloudWatchMetrics.flatMap(({ Namespace, Dimensions, Metrics }: Directive) =>
      Metrics.map(({ Name, Unit }) => ({
        namespace: Namespace,
        name: Name,
        unit: Unit,
        dimensions: Dimensions.map((names) => Object.fromEntries(names.map((each) => [each, values[each]]))),
        value: values[Name],
      })),
    );
  });
}

export interface Measured {
  readonly namespace: string;
  readonly name: string;
  readonly unit: string;
  readonly dimensions: readonly Readonly<Record<string, string>>[];
  readonly value: number;
}

interface Directive {
  readonly Namespace: string;
  readonly Dimensions: readonly (readonly string[])[];
  readonly Metrics: readonly { readonly Name: string; readonly Unit: string }[];
}
