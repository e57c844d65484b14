import { dynamoChannels } from '../../shared/store/dynamo-channels.ts';
import type { PayingChannel } from './channels.ts';
import type { Stage } from './stage.ts';

/**
 * The store alone: the very conditional writes that payments make, and nothing else, as many at once as there are channels.
 * @returns writes a second
 */
export async function rawUpdates(
  { client, table }: Stage,
  channels: readonly PayingChannel[],
  each: number,
): Promise<number> {
  const store = dynamoChannels(client, table);
  const began = performance.now();
  await Promise.all(
    channels.map(async ({ id, signatures }) => {
      for (let k = 1; k <= each; k++) {
        const commitment = signatures[k - 1] ?? new Uint8Array(0);
        const change = { paid: k, commitment, unpaidLinks: 1, delivered: k + 1 };
        const written = await store.change(
          id,
          { states: ['OPEN'], paidBelow: k, paidAtLeast: Math.max(0, k - 64) },
          change,
        );
        if (!written) throw new Error(`update ${k} was refused`);
      }
    }),
  );
  return (channels.length * each) / ((performance.now() - began) / 1_000);
}
