import { dynamoChannels } from '../../shared/store/dynamo-channels.ts';
import type { PayingChannel } from './channels.ts';
import type { Stage } from './stage.ts';

/** The store alone: the very conditional writes that payments make, and nothing else, as many at once as there are channels. */
export async function rawUpdates(
  { client, table }: Stage,
  channels: readonly PayingChannel[],
  { from, to }: { readonly from: number; readonly to: number },
): Promise<void> {
  const store = dynamoChannels(client, table);
  await Promise.all(
    channels.map(async ({ id, signatures }) => {
      for (let k = from + 1; k <= to; k++) {
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
}
