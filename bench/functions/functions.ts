import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bytesToHex } from '@noble/hashes/utils.js';
import { bundleFunctions } from '../../infra/bundling/bundle-functions.ts';
import { FUNCTION_NAMES, type FunctionName } from '../../infra/constructs/function-grants.ts';
import { startEmbeddedNode } from '../../local/chain/embedded-node.ts';
import { channelShop, SELLER_SECRET } from '../../test/support/channel-shop.ts';
import {
  availableRuntimes,
  type LambdaFunction,
  type Outcome,
  startFunction,
} from '../../test/support/lambda-runtime.ts';
import { rpcCaller } from '../../test/support/rpc.ts';
import { availableTables } from '../../test/support/tables.ts';
import { cpuMilliseconds, median, peakMebibytes } from './process-figures.ts';
import { requestsFor } from './requests.ts';

const STARTS = 5;
/** Until then V8 compiles what runs often, on threads that count here. */
const WARM_UPS = 300;
const WARM_RUNS = 200;
const PAYOUT_ADDRESS = 'bcrt1q42424242424242424242424242424242rt8pnt';

interface Row {
  readonly name: string;
  readonly kilobytes: number;
  /** To load the bundle, beyond what a bundle that does nothing takes. */
  readonly initCpuMs: number;
  readonly initMs: number;
  /** Of the first request, CPU: the clients are made and the code runs for the first time. */
  readonly firstCpuMs: number;
  /** Of a warm one, CPU, beyond what the runtime takes for a function that does nothing: a request without the network, for the rest is waiting for it. */
  readonly warmCpuMs: number;
  /** From the event to the answer, with the table and the chain on loopback. */
  readonly warmMs: number;
  readonly peakMebibytes: number;
}

/**
 * Starts each function's bundle under Lambda's Runtime API and asks it, with a table and a node on loopback.
 *   npm run bench -- functions [NAME…] [--json]
 * Needs Linux. Runs under aws-lambda-ric where scripts/get-lambda-runtime.sh built it.
 */
export async function benchFunctions(...args: string[]): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'spillway-functions-'));
  const tables = await availableTables()[0]?.start();
  const node = await startEmbeddedNode(join(folder, 'node'));
  try {
    if (!tables) throw new Error('dynalite is always there');
    const shop = await channelShop(tables);
    await rpcCaller(node.url)('generatetoaddress', 100, PAYOUT_ADDRESS);
    const requests = await requestsFor(shop, WARM_UPS + WARM_RUNS + STARTS);
    const environment = environmentOf(tables.endpoint, shop.table, node.url);
    await bundleFunctions(FUNCTION_NAMES, folder);
    const nothing = await measureNothing(emptyBundle(folder), environment);
    const rows: Row[] = [];
    const named = FUNCTION_NAMES.filter((name) => args.includes(name));
    for (const name of named.length > 0 ? named : FUNCTION_NAMES) {
      rows.push(await measure(name, join(folder, name), environment, requests[name], nothing));
    }
    const document = { runtime: runtime().name, node: process.version, empty: nothing, functions: rows };
    console.log(args.includes('--json') ? JSON.stringify(document) : text(document));
  } finally {
    await node.stop();
    await tables?.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

function runtime() {
  const [first] = availableRuntimes();
  if (!first) throw new Error('ours is always there');
  return first;
}

function environmentOf(tables: string, table: string, chain: string): Record<string, string> {
  return {
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'bench',
    AWS_SECRET_ACCESS_KEY: 'bench',
    AWS_ENDPOINT_URL_DYNAMODB: tables,
    SPILLWAY_NETWORK: 'regtest',
    SPILLWAY_TABLE: table,
    SPILLWAY_BUCKET: 'datasets',
    SPILLWAY_CHAIN_URL: chain,
    SPILLWAY_SELLER_SECRET: bytesToHex(SELLER_SECRET),
    SPILLWAY_PAYOUT_ADDRESS: PAYOUT_ADDRESS,
  };
}

function emptyBundle(folder: string): string {
  const path = join(folder, 'nothing');
  mkdirSync(path);
  writeFileSync(join(path, 'index.mjs'), 'export const handler = async () => ({ statusCode: 200 });');
  return path;
}

interface Starts {
  readonly cpuMs: number;
  readonly ms: number;
}

async function measureStarts(folder: string, environment: Readonly<Record<string, string>>): Promise<Starts> {
  const cpu: number[] = [];
  const wall: number[] = [];
  for (let start = 0; start < STARTS; start++) {
    const began = performance.now();
    const lambda = await startFunction(runtime(), folder, environment);
    wall.push(performance.now() - began);
    cpu.push(cpuMilliseconds(lambda.pid));
    await lambda.stop();
  }
  return { cpuMs: median(cpu), ms: median(wall) };
}

/** What the runtime takes by itself, to start and for each request. */
interface Nothing extends Starts {
  readonly warm: Starts;
}

async function measureNothing(
  folder: string,
  environment: Readonly<Record<string, string>>,
): Promise<Nothing> {
  const starts = await measureStarts(folder, environment);
  const lambda = await startFunction(runtime(), folder, environment);
  try {
    return { ...starts, warm: await measureWarm('get-shop', lambda, () => ({})) };
  } finally {
    await lambda.stop();
  }
}

async function measureWarm(
  name: FunctionName,
  lambda: LambdaFunction,
  request: () => unknown,
): Promise<Starts> {
  for (let run = 1; run < WARM_UPS; run++) await timed(name, lambda, request());
  const runs: Starts[] = [];
  while (runs.length < WARM_RUNS) runs.push(await timed(name, lambda, request()));
  return { cpuMs: median(runs.map(({ cpuMs }) => cpuMs)), ms: median(runs.map(({ ms }) => ms)) };
}

async function measure(
  name: FunctionName,
  folder: string,
  environment: Readonly<Record<string, string>>,
  request: () => unknown,
  nothing: Nothing,
): Promise<Row> {
  const starts = await measureStarts(folder, environment);
  const lambda = await startFunction(runtime(), folder, environment);
  try {
    const first = await timed(name, lambda, request());
    const warm = await measureWarm(name, lambda, request);
    return {
      name,
      kilobytes: statSync(join(folder, 'index.mjs')).size / 1000,
      initCpuMs: starts.cpuMs - nothing.cpuMs,
      initMs: starts.ms - nothing.ms,
      firstCpuMs: first.cpuMs,
      warmCpuMs: warm.cpuMs - nothing.warm.cpuMs,
      warmMs: warm.ms - nothing.warm.ms,
      peakMebibytes: peakMebibytes(lambda.pid),
    };
  } finally {
    await lambda.stop();
  }
}

async function timed(name: FunctionName, lambda: LambdaFunction, event: unknown): Promise<Starts> {
  const cpu = cpuMilliseconds(lambda.pid);
  const began = performance.now();
  const outcome = await lambda.invoke(event, 60_000);
  const ms = performance.now() - began;
  requireGood(name, outcome);
  // What it does after its answer, until it asks for the next event, is part of it.
  await lambda.idle();
  return { cpuMs: cpuMilliseconds(lambda.pid) - cpu, ms };
}

function requireGood(name: FunctionName, outcome: Outcome): void {
  const isGood = 'answer' in outcome && (name === 'settle-channels' || outcome.answer.statusCode === 200);
  if (!isGood) throw new Error(`${name}: ${JSON.stringify(outcome)}`);
}

function text({
  runtime,
  node,
  empty,
  functions,
}: {
  runtime: string;
  node: string;
  empty: Nothing;
  functions: readonly Row[];
}) {
  const lines = functions.map(
    (row) =>
      `| ${row.name} | ${Math.round(row.kilobytes)} | ${Math.round(row.initCpuMs)} | ${Math.round(row.initMs)} | ${Math.round(row.firstCpuMs)} | ${row.warmCpuMs.toFixed(2)} | ${row.warmMs.toFixed(2)} | ${Math.round(row.peakMebibytes)} |`,
  );
  return [
    `${runtime} on Node ${node}; a function that does nothing: ${Math.round(empty.cpuMs)} ms of CPU to start, ${empty.warm.cpuMs.toFixed(2)} for each request (not in the table)`,
    '',
    '| function | bundle, kB | init, CPU ms | init, ms | first request, CPU ms | warm, CPU ms | warm, ms | peak, MiB |',
    '|---|---:|---:|---:|---:|---:|---:|---:|',
    ...lines,
  ].join('\n');
}
