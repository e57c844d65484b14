/** What a shop costs at AWS. Dollars are numbers here: this is an estimate, no money moves by it. */

interface Price {
  readonly dollars: number;
  readonly unit: string;
  /** `facts`: looked up in November 2026. `list`: from AWS's price list as known then, not looked up again. */
  readonly checked: 'facts' | 'list';
}

/** us-east-1, no free tier, no volume discounts. */
export const PRICES = {
  httpRequest: { dollars: 1e-6, unit: 'HTTP API request', checked: 'facts' },
  writeUnit: { dollars: 0.625e-6, unit: 'DynamoDB write of 1 KB', checked: 'facts' },
  readUnit: { dollars: 0.125e-6, unit: 'DynamoDB strong read of 4 KB', checked: 'facts' },
  kmsRequest: { dollars: 15e-6, unit: 'KMS request with an asymmetric key', checked: 'facts' },
  kmsKeyMonth: { dollars: 1, unit: 'KMS key and month', checked: 'facts' },
  egressGigabyte: { dollars: 0.09, unit: 'GB to the internet (10^9 bytes)', checked: 'facts' },
  lambdaRequest: { dollars: 0.2e-6, unit: 'Lambda request', checked: 'list' },
  lambdaGigabyteSecond: { dollars: 13.3334e-6, unit: 'Lambda GB-second, ARM', checked: 'list' },
  logGigabyte: { dollars: 0.5, unit: 'GB of logs taken in', checked: 'list' },
  metricMonth: { dollars: 0.3, unit: 'CloudWatch metric of our own and month', checked: 'list' },
  alarmMonth: { dollars: 0.1, unit: 'metric that a CloudWatch alarm watches, and month', checked: 'list' },
  dashboardMonth: { dollars: 3, unit: 'CloudWatch dashboard and month', checked: 'list' },
  secretMonth: { dollars: 0.4, unit: 'secret and month', checked: 'list' },
  objectPut: { dollars: 5e-6, unit: 'S3 PUT, COPY, POST or LIST', checked: 'list' },
  objectGet: { dollars: 0.4e-6, unit: 'S3 GET', checked: 'list' },
  storageGigabyteMonth: { dollars: 0.023, unit: 'GB in S3 and month', checked: 'list' },
} as const satisfies Record<string, Price>;

export type Resource = keyof typeof PRICES;
export type Usage = Partial<Record<Resource, number>>;

const RUNS_PER_MONTH = (365.25 / 12) * 24 * 60;
const GIGABYTE = 1e9;
/** The functions have 1 GB. A run of the schedule that finds nothing takes a quarter of a second, nearly all of it waiting for the chain. */
const RUN_SECONDS = 0.25;
/** Counted with the line that Lambda adds. */
const LINE_BYTES = 600;

/** A shop that sells nothing: the schedule, the key, the chain's secret, alarms, the dashboard. */
export function idleMonth(): Usage {
  return {
    lambdaRequest: RUNS_PER_MONTH,
    lambdaGigabyteSecond: RUNS_PER_MONTH * RUN_SECONDS,
    // Eight shards of the index, eventually consistent: half a unit each. One note that it ran.
    readUnit: RUNS_PER_MONTH * 8 * 0.5,
    writeUnit: RUNS_PER_MONTH,
    // What it did, its metrics, and Lambda's own line.
    logGigabyte: (RUNS_PER_MONTH * 3 * LINE_BYTES) / GIGABYTE,
    kmsKeyMonth: 1,
    secretMonth: 1,
    // Runs, how long between them, and the bytes that were paid for, none. The others cost nothing while they are not counted.
    metricMonth: 3,
    // Twelve, two of which watch two metrics.
    alarmMonth: 14,
    dashboardMonth: 1,
  };
}

/** Metrics of a month in whose every hour something is sold: chunks, satoshis, five states, the deadline; and eight of the bucket's requests. */
export function sellingMonth(): Usage {
  return { metricMonth: 8 + 8 };
}

/**
 * One purchase, whatever it buys: shop, dataset, open, refund, about six looks at the funding, first chunk, close and three
 * looks at its end; about ten writes of an item of up to 2 KB and its entry in the index; two signatures with their key's
 * lookup in a cold function.
 */
export function oneSale(): Usage {
  const requests = 15;
  return {
    httpRequest: requests,
    ...functionRuns(requests, 0.15),
    readUnit: requests + 20,
    writeUnit: 30,
    kmsRequest: 4,
    logGigabyte: (requests * 4 * LINE_BYTES) / GIGABYTE,
  };
}

/** One chunk: a payment that answers the next link, and the chunk's segments of 16 MiB. @param bytes of a chunk */
export function oneChunk(bytes: number): Usage {
  return {
    httpRequest: 1,
    ...functionRuns(1, 0.015),
    readUnit: 1,
    writeUnit: 2,
    // Lambda's two, the payment and its metrics.
    logGigabyte: (4 * LINE_BYTES) / GIGABYTE,
    objectGet: Math.ceil(bytes / (16 * 1024 * 1024)),
    egressGigabyte: bytes / GIGABYTE,
  };
}

/** A dataset published: its parts, what begins, ends and checks each chunk, the manifest, what lies beside it, its entry. @param parts of all chunks */
export function onePublication(chunks: number, parts: number): Usage {
  return { objectPut: parts + 2 * chunks + 3, objectGet: chunks, writeUnit: 2, kmsRequest: 2 };
}

export function monthOfStorage(bytes: number): Usage {
  return { storageGigabyteMonth: bytes / GIGABYTE };
}

/** @param seconds of each */
function functionRuns(count: number, seconds: number): Usage {
  return { lambdaRequest: count, lambdaGigabyteSecond: count * seconds };
}

export function times(usage: Usage, factor: number): Usage {
  return Object.fromEntries(entries(usage).map(([resource, amount]) => [resource, amount * factor]));
}

export function sum(left: Usage, right: Usage): Usage {
  const names = new Set([...entries(left), ...entries(right)].map(([resource]) => resource));
  return Object.fromEntries([...names].map((name) => [name, (left[name] ?? 0) + (right[name] ?? 0)]));
}

export function dollars(usage: Usage): number {
  return entries(usage).reduce((sum, [resource, amount]) => sum + amount * PRICES[resource].dollars, 0);
}

function entries(usage: Usage): [Resource, number][] {
  return Object.entries(usage) as [Resource, number][];
}
