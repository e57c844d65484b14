import { Transaction } from 'bitcoinjs-lib';
import { sweep } from '../../shared/channel/sweep.ts';
import type { Channel, StoredSettlement } from '../../shared/store/channel-record.ts';
import {
  type ChannelShop,
  channelShop,
  lastSettlement,
  openAndPaid,
  type PolicyOverrides,
  stored,
} from './channel-shop.ts';
import { type FakeMempool, fakeMempool } from './fake-mempool.ts';
import type { RunningTables } from './tables.ts';

/** L of every channel, unless a test says otherwise: T_close is 2,156, the emergency zone begins at 2,276. */
export const L = 2_300;
export const CLOSE = L - 144;
export const ZONE = L - 24;

/** A shop whose chain judges broadcasts as a node does, and channels that come due together. */
export interface BatchScene {
  readonly shop: ChannelShop;
  readonly mempool: FakeMempool;
  /** OPEN channels that paid for two chunks (10,000 satoshis) and have change, by the names of their buyers. */
  paying(names: string, overrides?: Parameters<typeof openAndPaid>[3], paid?: number): Promise<Channel[]>;
  /** Goes to a height and runs the schedule. */
  at(height: number): Promise<Awaited<ReturnType<typeof sweep>>>;
  /** The settlement that was signed last for a channel, and the transaction. */
  settled(channel: Channel): Promise<StoredSettlement & { readonly transaction: Transaction }>;
  alarms(): string[];
}

export async function batchScene(tables: RunningTables, policy?: PolicyOverrides): Promise<BatchScene> {
  const shop = await channelShop(tables, policy);
  const mempool = fakeMempool(shop.chain);
  return {
    shop,
    mempool,
    async paying(names, overrides = {}, paid = 2) {
      const channels: Channel[] = [];
      for (const name of names.split(' ')) {
        channels.push(await openAndPaid(shop, name, paid, { refundHeight: L, ...overrides }));
      }
      return channels;
    },
    at(height) {
      shop.chain.setHeight(height);
      return sweep(shop);
    },
    async settled(channel) {
      const settlement = await lastSettlement(shop, await stored(shop, channel));
      return { ...settlement, transaction: Transaction.fromHex(settlement.raw) };
    },
    alarms: () => shop.lines.flatMap(({ event, fields }) => (fields.alarm === true ? [event] : [])),
  };
}

export function fundingOf({ funding }: Channel) {
  if (!funding) throw new Error('the channel has a funding');
  return funding.outpoint;
}
