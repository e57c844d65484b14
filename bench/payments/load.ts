import { once } from 'node:events';
import { connect } from 'node:net';
import { bytesToHex } from '@noble/hashes/utils.js';
import type { PayingChannel } from './channels.ts';

/** Milliseconds each payment took, from its first byte to the last of its answer. */
export type Latencies = readonly number[];

/**
 * Pays through all channels at once, each one payment after the other, as buyers do.
 * @param urls of the shop's processes, which the channels are shared out to
 * @param from payments of each channel that were sent before
 * @param to payments of each channel that will have been sent
 * @throws Error where one is not accepted
 */
export async function pay(
  urls: readonly string[],
  channels: readonly PayingChannel[],
  { from, to }: { readonly from: number; readonly to: number },
): Promise<Latencies> {
  const latencies: number[] = [];
  await Promise.all(
    channels.map(async ({ id, signatures }, index) => {
      const connection = await connectTo(urls[index % urls.length] ?? '');
      try {
        for (let k = from + 1; k <= to; k++) {
          const signature = bytesToHex(signatures[k - 1] ?? new Uint8Array(0));
          const began = performance.now();
          await connection.post(`/channels/${id}/commitments`, JSON.stringify({ k, signature }));
          latencies.push(performance.now() - began);
        }
      } finally {
        connection.close();
      }
    }),
  );
  return latencies;
}

interface Connection {
  /** @throws Error where the answer is not 200 */
  post(path: string, body: string): Promise<void>;
  close(): void;
}

/** HTTP/1.1 by hand: buyers have machines of their own, so what they cost here is to be as little as can be. */
async function connectTo(url: string): Promise<Connection> {
  const { hostname, port, host } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port), noDelay: true });
  await once(socket, 'connect');
  let text = '';
  let waiting: { readonly resolve: () => void; readonly reject: (reason: Error) => void } | undefined;
  // A character a byte, so that lengths are what they are.
  socket.setEncoding('latin1');
  socket.on('data', (piece: string) => {
    text += piece;
    const body = text.indexOf('\r\n\r\n') + 4;
    const length = /\r\ncontent-length: (\d+)\r\n/i.exec(text)?.[1];
    if (body < 4 || text.length < body + Number(length ?? 0)) return;
    const answer = text;
    text = '';
    if (answer.startsWith('HTTP/1.1 200 ') && length !== undefined) waiting?.resolve();
    else waiting?.reject(new Error(`a payment was answered ${answer}`));
  });
  socket.on('error', (error) => waiting?.reject(error));
  socket.on('close', () => waiting?.reject(new Error('the shop closed a connection')));
  return {
    post: (path, body) =>
      new Promise((resolve, reject) => {
        waiting = { resolve, reject };
        const headers = `host: ${host}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}`;
        socket.write(`POST ${path} HTTP/1.1\r\n${headers}\r\n\r\n${body}`);
      }),
    close: () => socket.destroy(),
  };
}

/** @param share 0.5 for the median */
export function percentile(latencies: Latencies, share: number): number {
  const sorted = [...latencies].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}
