import type { Channel, StoredSettlement } from '../store/channel-record.ts';
import { type ClosingChannel, spenderOf } from './closing-channel.ts';
import type { Shop } from './shop.ts';

/** Channels that go on together: those of one settlement, or one alone. */
export interface Group {
  readonly members: readonly ClosingChannel[];
  readonly last: StoredSettlement | undefined;
}

/** What was signed last for any of them, by txid. */
export async function lastSettlements(
  shop: Shop,
  open: readonly ClosingChannel[],
): Promise<Map<string, StoredSettlement>> {
  const found = new Map<string, StoredSettlement>();
  for (const txid of new Set(open.map(({ channel }) => lastTxid(channel)))) {
    const stored = txid === undefined ? undefined : await shop.channels.getSettlement(txid);
    if (stored) found.set(stored.txid, stored);
  }
  return found;
}

/**
 * A channel whose refund waits in the mempool is fought for alone: its deadline is past, the others' are not. The rest go on
 * with the settlement that they share, or start anew where that can never confirm.
 */
export function intoGroups(
  open: readonly ClosingChannel[],
  settlements: ReadonlyMap<string, StoredSettlement>,
): { readonly together: readonly Group[]; readonly fresh: readonly ClosingChannel[] } {
  const together: Group[] = [];
  const fresh: ClosingChannel[] = [];
  const byTxid = new Map<string, ClosingChannel[]>();
  for (const closing of open) {
    const last = settlements.get(lastTxid(closing.channel) ?? '');
    const isContested = closing.unconfirmed && spenderOf(closing.unconfirmed) === 'buyer';
    if (isContested) together.push({ members: [closing], last });
    else if (last) byTxid.set(last.txid, [...(byTxid.get(last.txid) ?? []), closing]);
    else fresh.push(closing);
  }
  for (const [txid, members] of byTxid) {
    const last = settlements.get(txid);
    const isWhole = last?.members.length === members.length;
    if (isWhole || members.some(({ unconfirmed }) => unconfirmed)) together.push({ members, last });
    else fresh.push(...members);
  }
  return { together, fresh };
}

function lastTxid({ settlements }: Channel): string | undefined {
  return settlements.at(-1)?.txid;
}

/** Every settlement that was signed for just these channels. */
export async function variantsOf(
  shop: Shop,
  members: readonly ClosingChannel[],
  last: StoredSettlement | undefined,
): Promise<StoredSettlement[]> {
  const ids = members
    .map(({ id }) => id)
    .sort()
    .join();
  const variants: StoredSettlement[] = [];
  for (const { txid } of members[0]?.channel.settlements ?? []) {
    const stored = txid === last?.txid ? last : await shop.channels.getSettlement(txid);
    if (stored && [...stored.members].sort().join() === ids) variants.push(stored);
  }
  return variants;
}
