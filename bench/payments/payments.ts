import { parseArgs } from 'node:util';
import { withCleanup } from '../transfer/cleanup.ts';
import { offerDataset, openChannels } from './channels.ts';
import { pay, percentile } from './load.ts';
import { rawUpdates } from './raw-updates.ts';
import { startStage } from './stage.ts';

/** How many channels pay at once. */
const LEVELS = [1, 16, 64] as const;
/** Payments of each channel before the clock runs: code is compiled, connections are open, the tip is known. */
const WARM_UP = 10;

/**
 * Payments through HTTP, handler, verification and durable store, beside the store's own conditional writes in the same run:
 *   npm run bench -- payments [--payments 3000] [--json]
 */
export async function benchPayments(...args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: { payments: { type: 'string', default: '3000' }, json: { type: 'boolean', default: false } },
  });
  const payments = Number(values.payments);
  await withCleanup(async (defer) => {
    const stage = await startStage(defer);
    const { client, table, tip, gateway, tableServer } = stage;
    for (const level of LEVELS) {
      const each = Math.ceil(payments / level);
      const chunks = each + WARM_UP;
      const manifest = await offerDataset(client, table, chunks);
      const request = { table, manifest, tip, count: level, chunks };
      const rawChannels = await openChannels(client, { ...request, seed: `raw ${level}` });
      const channels = await openChannels(client, { ...request, seed: `paying ${level}` });
      await pay(gateway.url, channels, { from: 0, to: WARM_UP });
      const raw = await rawUpdates(stage, rawChannels, each);
      const cpuBefore = gateway.cpuMs();
      const tableBefore = tableServer.cpuMs();
      const began = performance.now();
      const latencies = await pay(gateway.url, channels, { from: WARM_UP, to: chunks });
      const seconds = (performance.now() - began) / 1_000;
      const count = latencies.length;
      console.log(
        JSON.stringify({
          channels: level,
          payments: count,
          paymentsPerSecond: Math.round(count / seconds),
          rawUpdatesPerSecond: Math.round(raw),
          ratio: count / seconds / raw,
          cpuMsPerPayment: (gateway.cpuMs() - cpuBefore) / count,
          tableCpuMs: (tableServer.cpuMs() - tableBefore) / count,
          p50Ms: percentile(latencies, 0.5),
          p99Ms: percentile(latencies, 0.99),
        }),
      );
    }
  });
}
