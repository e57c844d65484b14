import { Agent, request } from 'node:http';
import { bytesToHex } from '@noble/hashes/utils.js';
import type { PayingChannel } from './channels.ts';

/** Milliseconds each payment took, from its first byte to the last of its answer. */
export type Latencies = readonly number[];

/**
 * Pays through all channels at once, each one payment after the other, as buyers do.
 * @param from payments of each channel that were sent before
 * @param to payments of each channel that will have been sent
 * @throws Error where one is not accepted
 */
export async function pay(
  url: string,
  channels: readonly PayingChannel[],
  { from, to }: { readonly from: number; readonly to: number },
): Promise<Latencies> {
  const agent = new Agent({ keepAlive: true, maxSockets: channels.length });
  const latencies: number[] = [];
  try {
    await Promise.all(
      channels.map(async ({ id, signatures }) => {
        for (let k = from + 1; k <= to; k++) {
          const signature = bytesToHex(signatures[k - 1] ?? new Uint8Array(0));
          const began = performance.now();
          await post(agent, `${url}/channels/${id}/commitments`, JSON.stringify({ k, signature }));
          latencies.push(performance.now() - began);
        }
      }),
    );
  } finally {
    agent.destroy();
  }
  return latencies;
}

function post(agent: Agent, url: string, body: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
    const outgoing = request(url, { agent, method: 'POST', headers }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (piece: string) => {
        text += piece;
      });
      response.on('end', () => {
        if (response.statusCode === 200) resolve();
        else reject(new Error(`a payment was answered ${response.statusCode}: ${text}`));
      });
      response.on('error', reject);
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

/** @param share 0.5 for the median */
export function percentile(latencies: Latencies, share: number): number {
  const sorted = [...latencies].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}
