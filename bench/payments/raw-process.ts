import { createServer } from 'node:http';
import { json } from 'node:stream/consumers';
import { listenOnLoopback } from '../../local/listen.ts';
import { dynamoChannels } from '../../shared/store/dynamo-channels.ts';
import { tableClient } from '../../shared/store/table-client.ts';
import type { RawUpdates } from './raw-updates.ts';

/** The shop's store and client alone, with the environment as it is: bench/payments/raw-process.ts TABLE */
const [table = ''] = process.argv.slice(2);
const store = dynamoChannels(tableClient(), table);
const server = createServer((request, response) => {
  json(request)
    .then((updates) => update(updates as RawUpdates))
    .then(() => response.end())
    .catch((error) => {
      console.error(error);
      response.writeHead(500).end();
    });
});
const { url, stop } = await listenOnLoopback(server, 0);
process.once('SIGTERM', () => void stop().then(() => process.exit(0)));
process.stdout.write(`${url}\n`);

async function update({ ids, from, to }: RawUpdates): Promise<void> {
  await Promise.all(
    ids.map(async (id) => {
      for (let k = from + 1; k <= to; k++) {
        const change = {
          paid: k,
          commitment: new Uint8Array(64).fill(k),
          unpaidLinks: 1,
          delivered: k + 1,
        };
        const expectation = { states: ['OPEN'], paidBelow: k, paidAtLeast: Math.max(0, k - 64) } as const;
        if (!(await store.change(id, expectation, change))) throw new Error(`update ${k} was refused`);
      }
    }),
  );
}
