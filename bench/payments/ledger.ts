import { BatchGetItemCommand } from '@aws-sdk/client-dynamodb';
import { bytesToHex } from '@noble/hashes/utils.js';
import { priceOf } from '../../shared/channel/channel-facts.ts';
import { channelFromItem, channelKey } from '../../shared/store/channel-item.ts';
import type { PayingChannel } from './channels.ts';
import type { Stage } from './stage.ts';

/**
 * Holds the table against what was paid: each channel at the last payment, by the last signature, and all of it added up.
 * @returns satoshis
 * @throws Error where one is off
 */
export async function checkLedger(
  { client, table }: Pick<Stage, 'client' | 'table'>,
  channels: readonly PayingChannel[],
): Promise<bigint> {
  const Keys = channels.map(({ id }) => channelKey(id));
  const { Responses } = await client.send(
    new BatchGetItemCommand({ RequestItems: { [table]: { Keys, ConsistentRead: true } } }),
  );
  const stored = new Map(
    (Responses?.[table] ?? []).map(channelFromItem).map((channel) => [channel.id, channel]),
  );
  let satoshis = 0n;
  for (const { id, signatures } of channels) {
    const channel = stored.get(id);
    const last = signatures.at(-1);
    if (!channel?.commitment || !last) throw new Error(`channel ${id} is not there`);
    const { paid, paidBefore } = channel;
    if (paid !== signatures.length || paidBefore !== paid - 1) throw new Error(`channel ${id} is at ${paid}`);
    if (bytesToHex(channel.commitment) !== bytesToHex(last))
      throw new Error(`channel ${id} has another signature`);
    satoshis += priceOf(channel, paid);
  }
  return satoshis;
}
