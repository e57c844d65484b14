import type { ClosingChannel } from '../../../shared/channel/closing-channel.ts';
import { intoGroups, lastSettlements, variantsOf } from '../../../shared/channel/settlement-groups.ts';
import type { Shop } from '../../../shared/channel/shop.ts';
import type { StoredSettlement } from '../../../shared/store/channel-record.ts';

const SETTLEMENT = `03000000${'00'.repeat(20)}`;
const REFUND = `02000000${'00'.repeat(20)}`;

/** @param spentBy the transaction in the mempool that spends its funding */
function closing(id: string, txids: readonly string[], spentBy?: string): ClosingChannel {
  return {
    id,
    channel: { id, settlements: txids.map((txid) => ({ txid })) },
    ...(spentBy !== undefined && { unconfirmed: { txid: 'seen', raw: spentBy } }),
  } as unknown as ClosingChannel;
}

function settlement(txid: string, ...members: string[]): StoredSettlement {
  return { txid, members } as unknown as StoredSettlement;
}

function asked(...stored: readonly StoredSettlement[]) {
  const reads: (string | undefined)[] = [];
  const getSettlement = (txid: string | undefined) => {
    reads.push(txid);
    return Promise.resolve(stored.find((each) => each.txid === txid));
  };
  return { shop: { channels: { getSettlement } } as unknown as Shop, reads };
}

const byTxid = (...all: readonly StoredSettlement[]) => new Map(all.map((each) => [each.txid, each]));

test('the last settlement of each is read once, and none for a channel that has none', async () => {
  const shared = settlement('s2', 'a', 'b');
  const { shop, reads } = asked(settlement('s1', 'a'), shared);
  const open = [closing('a', ['s1', 's2']), closing('b', ['s2']), closing('c', []), closing('d', ['lost'])];
  expect(await lastSettlements(shop, open)).toEqual(byTxid(shared));
  expect(reads).toEqual(['s2', 'lost']);
});

describe('groups', () => {
  const shared = settlement('s', 'a', 'b');
  const alone = settlement('t', 'c');
  const settlements = byTxid(shared, alone);

  test('are those of one settlement; whoever has none begins', () => {
    const [a, b, c, d] = [closing('a', ['s']), closing('b', ['s']), closing('c', ['t']), closing('d', [])];
    expect(intoGroups([a, c, b, d], settlements)).toEqual({
      together: [
        { members: [a, b], last: shared },
        { members: [c], last: alone },
      ],
      fresh: [d],
    });
  });

  test('whose settlement lacks a member that is gone begin anew, but not while it is in the mempool', () => {
    const left = closing('a', ['s']);
    expect(intoGroups([left], settlements)).toEqual({ together: [], fresh: [left] });
    const waiting = closing('a', ['s'], SETTLEMENT);
    const whole = byTxid(settlement('s', 'a', 'b', 'c'));
    const [last] = whole.values();
    const other = closing('b', ['s']);
    expect(intoGroups([waiting, other], whole)).toEqual({
      together: [{ members: [waiting, other], last }],
      fresh: [],
    });
  });

  test('are left by a channel whose refund waits in the mempool', () => {
    const contested = closing('a', ['s'], REFUND);
    const other = closing('b', ['s']);
    expect(intoGroups([contested, other], settlements)).toEqual({
      together: [{ members: [contested], last: shared }],
      fresh: [other],
    });
  });
});

describe('variants', () => {
  const first = settlement('s1', 'b', 'a');
  const other = settlement('s2', 'a', 'b', 'c');
  const last = settlement('s3', 'a', 'b');
  const members = [closing('b', ['s1', 's2', 's3', 'lost']), closing('a', [])];

  test('are the settlements of just these channels, in whatever order they are named', async () => {
    const { shop, reads } = asked(first, other, last);
    expect(await variantsOf(shop, members, last)).toEqual([first, last]);
    expect(await variantsOf(shop, [...members].reverse(), last)).toEqual([]);
    // What is at hand is not read again.
    expect(reads).toEqual(['s1', 's2', 'lost']);
  });

  test('are read where nothing is at hand', async () => {
    const { shop, reads } = asked(first, other, last);
    expect(await variantsOf(shop, members, undefined)).toEqual([first, last]);
    expect(reads).toEqual(['s1', 's2', 's3', 'lost']);
  });

  test('of nobody are none', async () => {
    expect(await variantsOf(asked().shop, [], undefined)).toEqual([]);
  });
});
