import * as v from 'valibot';

/** What was used of the wallet: indices given out, coins taken by purchases that may not be on the chain yet. */
const index = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(2 ** 31 - 1));
const outpoints = v.array(v.pipe(v.string(), v.regex(/^[0-9a-f]{64}:[0-9]{1,10}$/)));
const version = v.literal(1);

export const walletRecord = v.variant('record', [
  v.strictObject({
    v: version,
    record: v.literal('index-used'),
    branch: v.picklist(['external', 'internal', 'channel']),
    index,
  }),
  v.strictObject({ v: version, record: v.literal('coins-reserved'), purchase: v.string(), outpoints }),
  v.strictObject({ v: version, record: v.literal('coins-released'), outpoints }),
]);
export type WalletRecord = v.InferOutput<typeof walletRecord>;

export interface WalletUse {
  /** The next index of each branch. */
  readonly next: Readonly<Record<'external' | 'internal' | 'channel', number>>;
  /** `txid:vout` of coins that purchases have taken, and which purchase. */
  readonly reserved: ReadonlyMap<string, string>;
}

export const emptyUse: WalletUse = { next: { external: 0, internal: 0, channel: 0 }, reserved: new Map() };

export function foldWalletUse(use: WalletUse, record: WalletRecord): WalletUse {
  switch (record.record) {
    case 'index-used': {
      const next = Math.max(use.next[record.branch], record.index + 1);
      return { ...use, next: { ...use.next, [record.branch]: next } };
    }
    case 'coins-reserved':
      return {
        ...use,
        reserved: new Map([...use.reserved, ...record.outpoints.map(owned(record.purchase))]),
      };
    case 'coins-released': {
      const released = new Set(record.outpoints);
      return { ...use, reserved: new Map([...use.reserved].filter(([text]) => !released.has(text))) };
    }
  }
}

const owned = (purchase: string) => (outpoint: string) => [outpoint, purchase] as const;
