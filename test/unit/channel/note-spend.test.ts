import { noteSpend, withoutLostSpend } from '../../../shared/channel/note-spend.ts';
import type { Shop } from '../../../shared/channel/shop.ts';
import type { Channel } from '../../../shared/store/channel-record.ts';

const TXID = 'a1'.repeat(32);
const OTHER = 'b2'.repeat(32);
const SETTLEMENT = `03000000${'00'.repeat(20)}`;
const REFUND = `02000000${'00'.repeat(20)}`;
const HEIGHT = 500;
/** One block short of SETTLED_DEPTH. */
const SHALLOW = { height: HEIGHT + 4, hash: 'd4'.repeat(32), time: 0 };
const DEEP = { ...SHALLOW, height: HEIGHT + 5 };

function closing(more: Partial<Channel> = {}): Channel {
  return { id: 'c', state: 'CLOSING', paid: 2, terms: { refundHeight: 900 }, ...more } as Channel;
}

function spent(txid: string, raw = SETTLEMENT) {
  return { txid, raw, confirmation: { height: HEIGHT, blockHash: 'c3'.repeat(32) } };
}

/** A shop that writes down what it is asked and says; `after` is what its store answers. */
function asked(after?: Channel) {
  const changes: unknown[] = [];
  const lines: unknown[] = [];
  const shop = {
    channels: {
      change(...parameters: unknown[]) {
        changes.push(parameters);
        return Promise.resolve(after);
      },
    },
    log: (...line: unknown[]) => void lines.push(line),
  } as unknown as Shop;
  return { shop, changes, lines };
}

const noted = (txid: string, height = HEIGHT) => ['c', { states: ['CLOSING'] }, { spend: { txid, height } }];

test('a spend that is not deep yet is noted, the settlement of the shop itself without a word', async () => {
  const after = closing({ spend: { txid: TXID, height: HEIGHT } });
  const { shop, changes, lines } = asked(after);
  expect(await noteSpend(shop, closing(), spent(TXID), SHALLOW)).toBe(after);
  expect(changes).toEqual([noted(TXID)]);
  expect(lines).toEqual([]);
});

test('what is noted already is not written again', async () => {
  const { shop, changes } = asked();
  const channel = closing({ spend: { txid: TXID, height: HEIGHT } });
  expect(await noteSpend(shop, channel, spent(TXID), SHALLOW)).toBe(channel);
  expect(changes).toEqual([]);
});

test.each([
  ['another transaction in the same block', { txid: OTHER, height: HEIGHT }],
  ['the same one in another block', { txid: TXID, height: HEIGHT - 1 }],
  ['the same one unconfirmed', { txid: TXID }],
])('what was noted of %s is written over', async (_, spend) => {
  const { shop, changes } = asked();
  await noteSpend(shop, closing({ spend }), spent(TXID), SHALLOW);
  expect(changes).toEqual([noted(TXID)]);
});

test("of the buyer's spend something is said, and an alarm raised where the shop had been paid", async () => {
  for (const paid of [0, 1]) {
    const { shop, lines } = asked();
    await noteSpend(shop, closing({ paid }), spent(TXID, REFUND), SHALLOW);
    expect(lines).toEqual([['funding-spent-by-buyer', { alarm: paid > 0, channelId: 'c', txid: TXID }]]);
  }
});

test('a write that somebody else was faster with leaves the channel as it was read', async () => {
  const channel = closing({ spend: { txid: OTHER, height: HEIGHT } });
  for (const tip of [SHALLOW, DEEP]) {
    expect(await noteSpend(asked().shop, channel, spent(TXID), tip)).toBe(channel);
  }
  expect(await withoutLostSpend(asked().shop, channel)).toBe(channel);
});
