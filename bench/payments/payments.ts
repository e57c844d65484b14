import { parseArgs } from 'node:util';
import { withCleanup } from '../transfer/cleanup.ts';
import { offerDataset, openChannels, type PayingChannel } from './channels.ts';
import { handlerCpu } from './handler-cpu.ts';
import { checkLedger } from './ledger.ts';
import { pay, percentile } from './load.ts';
import { peerFigures } from './peer.ts';
import { rawUpdates } from './raw-updates.ts';
import type { Server } from './servers.ts';
import { type Stage, startStage } from './stage.ts';

/** How many channels pay at once. */
const LEVELS = [1, 16, 64] as const;
/** Payments of each channel before the clock runs: connections were open once, the tip is known. */
const WARM_UP = 10;
/** The same before any level: the code of every process is compiled. */
const FIRST_WARM_UP = 40;
/** Payments and the table's own writes take turns, so that a machine that drifts slows both. */
const TURNS = 4;

interface Level {
  readonly channels: number;
  readonly paymentsPerSecond: number;
  readonly rawUpdatesPerSecond: number;
  readonly ratio: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** CPU of a payment: the shop's processes (gateway, handler, the table's client and its connections) and the table's. */
  readonly shopCpuMs: number;
  readonly tableCpuMs: number;
  /** The same of one of the table's own writes: its client's processes and the table's. */
  readonly rawClientCpuMs: number;
  readonly rawTableCpuMs: number;
}

/**
 * Payments through HTTP, handler, verification and durable store, beside the store's own conditional writes in the same run:
 *   npm run bench -- payments [--payments 4000] [--soak 100000] [--json]
 */
export async function benchPayments(...args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      payments: { type: 'string', default: '4000' },
      soak: { type: 'string' },
      json: { type: 'boolean', default: false },
    },
  });
  await withCleanup(async (defer) => {
    const stage = await startStage(defer);
    await warmUp(stage);
    const levels: Level[] = [];
    for (const level of LEVELS) levels.push(await measureLevel(stage, level, Number(values.payments)));
    const [single] = await channelsOf(stage, 1, 2_500, 'handler');
    if (!single) throw new Error('one channel was asked for');
    const handler = await handlerCpu(single);
    const [cpuMsPerPayment, verificationCpuMs] = [rounded(handler.payment), rounded(handler.verification)];
    const soak = values.soak === undefined ? undefined : await endure(stage, Number(values.soak));
    const most = levels.at(-1);
    const { paymentsPerSecond, rawUpdatesPerSecond, ratio, p99Ms } = most ?? {};
    const summary = { paymentsPerSecond, rawUpdatesPerSecond, ratio, cpuMsPerPayment, p99Ms };
    const document = {
      ...summary,
      verificationCpuMs,
      levels,
      peer: peerFigures(single),
      ...(soak && { soak }),
    };
    console.log(values.json ? JSON.stringify(document) : JSON.stringify(document, null, 2));
  });
}

async function channelsOf(
  { client, table, tip }: Stage,
  count: number,
  chunks: number,
  seed: string,
): Promise<readonly PayingChannel[]> {
  const manifest = await offerDataset(client, table, chunks);
  return openChannels(client, { table, manifest, tip, count, chunks, seed });
}

async function warmUp(stage: Stage): Promise<void> {
  const range = { from: 0, to: FIRST_WARM_UP };
  const [raw, paying] = [
    await channelsOf(stage, 64, FIRST_WARM_UP, 'warm raw'),
    await channelsOf(stage, 64, FIRST_WARM_UP, 'warm paying'),
  ];
  await rawUpdates(stage.writers, raw, range);
  await pay(
    stage.gateways.map(({ url }) => url),
    paying,
    range,
  );
}

async function measureLevel(stage: Stage, level: number, payments: number): Promise<Level> {
  const { gateways, writers, tableServer } = stage;
  const urls = gateways.map(({ url }) => url);
  const turn = Math.ceil(payments / level / TURNS);
  const chunks = WARM_UP + turn * TURNS;
  const rawChannels = await channelsOf(stage, level, chunks, `raw ${level}`);
  const channels = await channelsOf(stage, level, chunks, `paying ${level}`);
  await pay(urls, channels, { from: 0, to: WARM_UP });
  await rawUpdates(writers, rawChannels, { from: 0, to: WARM_UP });
  const latencies: number[] = [];
  const paying = watch(gateways, tableServer);
  const raw = watch(writers, tableServer);
  for (let from = WARM_UP; from < chunks; from += turn) {
    const range = { from, to: from + turn };
    await raw.during(() => rawUpdates(writers, rawChannels, range));
    await paying.during(async () => {
      latencies.push(...(await pay(urls, channels, range)));
    });
  }
  await checkLedger(stage, channels);
  const count = latencies.length;
  const [perSecond, rawPerSecond] = [count / paying.seconds(), count / raw.seconds()];
  return {
    channels: level,
    paymentsPerSecond: Math.round(perSecond),
    rawUpdatesPerSecond: Math.round(rawPerSecond),
    ratio: rounded(perSecond / rawPerSecond),
    p50Ms: rounded(percentile(latencies, 0.5)),
    p99Ms: rounded(percentile(latencies, 0.99)),
    shopCpuMs: rounded(paying.cpuMs() / count),
    tableCpuMs: rounded(paying.tableCpuMs() / count),
    rawClientCpuMs: rounded(raw.cpuMs() / count),
    rawTableCpuMs: rounded(raw.tableCpuMs() / count),
  };
}

/** Sums up the time and CPU of what takes turns with something else. */
function watch(clients: readonly Server[], table: Server) {
  const spent = { seconds: 0, cpuMs: 0, tableCpuMs: 0 };
  const cpuOf = (servers: readonly Server[]) => servers.reduce((sum, server) => sum + server.cpuMs(), 0);
  return {
    async during(task: () => Promise<unknown>): Promise<void> {
      const [cpu, tableCpu] = [cpuOf(clients), cpuOf([table])];
      spent.seconds += await timed(task);
      spent.cpuMs += cpuOf(clients) - cpu;
      spent.tableCpuMs += cpuOf([table]) - tableCpu;
    },
    seconds: () => spent.seconds,
    cpuMs: () => spent.cpuMs,
    tableCpuMs: () => spent.tableCpuMs,
  };
}

/** Very many payments in a row: memory must stay, and every satoshi be there. */
async function endure(stage: Stage, payments: number) {
  const { gateways } = stage;
  const urls = gateways.map(({ url }) => url);
  const count = 64;
  const turns = 10;
  const turn = Math.ceil(payments / count / turns);
  const channels = await channelsOf(stage, count, turn * turns, 'soak');
  const mebibytes: number[] = [];
  const seconds = await timed(async () => {
    for (let from = 0; from < turn * turns; from += turn) {
      await pay(urls, channels, { from, to: from + turn });
      mebibytes.push(Math.max(...gateways.map((gateway) => Math.round(gateway.memory() / 2 ** 20))));
    }
  });
  const satoshis = await checkLedger(stage, channels);
  const paid = count * turn * turns;
  return {
    payments: paid,
    seconds: Math.round(seconds),
    shopMebibytes: mebibytes,
    satoshis: satoshis.toString(),
  };
}

async function timed(task: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await task();
  return (performance.now() - began) / 1_000;
}

function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}
