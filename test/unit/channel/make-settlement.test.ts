import type { BroadcastOutcome } from '../../../shared/chain/chain.ts';
import { type ClosingChannel, closingChannel } from '../../../shared/channel/closing-channel.ts';
import {
  isRefused,
  makeSettlement,
  makeWithoutFailing,
  type SettlementRound,
  sendSettlement,
} from '../../../shared/channel/make-settlement.ts';
import { SETTLEMENT_POLICY } from '../../../shared/settlement/settlement-policy.ts';
import type { StoredSettlement } from '../../../shared/store/channel-record.ts';
import {
  type ChannelShop,
  channelShop,
  openAndPaid,
  PAYOUT_SCRIPT,
  stored,
} from '../../support/channel-shop.ts';
import { tableServer } from '../../support/table-server.ts';

const tables = tableServer();
const FEE = 1_000n;
const DUST = 294n;
let shop: ChannelShop;
let round: SettlementRound;
beforeEach(async () => {
  shop = await channelShop(tables());
  const view = {
    tip: shop.chain.height(),
    estimate: 2_000n,
    floor: 1_000n,
    payoutScript: PAYOUT_SCRIPT,
    dust: DUST,
  };
  round = { view, policy: SETTLEMENT_POLICY, incremental: 1_000n };
});

/** CLOSING channels, two chunks paid on each. */
async function closing(...buyers: readonly string[]): Promise<ClosingChannel[]> {
  const members = [];
  for (const buyer of buyers) {
    const { id } = await openAndPaid(shop, buyer, 2);
    const channel = await shop.channels.change(id, { states: ['OPEN'] }, { state: 'CLOSING' });
    if (channel) members.push(await closingChannel(shop, channel, undefined));
  }
  return members;
}

const settlementsOf = async ({ id }: ClosingChannel) =>
  (await stored(shop, { id })).settlements.map(({ txid }) => txid);

test('what would leave the seller less than nodes relay is neither stored nor sent', async () => {
  const [alone] = await closing('alice');
  if (!alone) throw new Error('one was opened');
  const most = alone.share - DUST;
  await expect(makeSettlement(shop, [alone], most + 1n, round)).rejects.toThrow(
    new RangeError(`a fee of ${most + 1n} leaves ${DUST - 1n} satoshis`),
  );
  expect([await settlementsOf(alone), shop.chain.broadcasts]).toEqual([[], []]);
  await makeSettlement(shop, [alone], most, round);
  expect(shop.chain.broadcasts).toHaveLength(1);
});

test('one member that changed meanwhile, and the batch is not sent', async () => {
  const members = await closing('alice', 'bob');
  const [alice, bob] = members;
  if (!alice || !bob) throw new Error('two were opened');
  await shop.channels.change(bob.id, { states: ['CLOSING'] }, { state: 'EXPIRED', dueAt: 9_999 });
  await makeSettlement(shop, members, FEE, round);
  expect(shop.chain.broadcasts).toEqual([]);
  expect(await settlementsOf(alice)).toHaveLength(1);
});

test.each<[BroadcastOutcome['kind'], boolean]>([
  ['accepted', false],
  ['already-known', false],
  ['missing-inputs', true],
  ['rejected', true],
  ['truc-violation', true],
  ['non-final', true],
  ['fee-too-low', false],
  ['replacement-too-low', false],
  ['mempool-full', false],
])('%s: the transaction itself is refused: %s', (kind, refused) => {
  expect(isRefused({ kind } as BroadcastOutcome)).toBe(refused);
});

test.each(['accepted', 'already-known'] as const)('%s raises no alarm', async (kind) => {
  shop.chain.outcomes.push({ kind });
  const sent = { txid: 'ab', raw: '02', fee: FEE, members: ['c'] } as unknown as StoredSettlement;
  expect(await sendSettlement(shop, sent)).toEqual({ kind });
  expect(shop.lines.at(-1)).toEqual({
    event: 'settlement-broadcast',
    fields: { txid: 'ab', channels: 1, fee: '1000', outcome: kind },
  });
});

describe('a refused batch', () => {
  /** As `makeSettlement` left it: noted at every member. */
  async function refused(...buyers: readonly string[]): Promise<ClosingChannel[]> {
    const members = await closing(...buyers);
    await makeSettlement(shop, members, FEE, round);
    shop.lines.splice(0);
    shop.chain.broadcasts.splice(0);
    return members;
  }

  test('is halved where the node does not say who fails, and that is told', async () => {
    const members = await refused('alice', 'bob');
    const silent = {
      ...shop,
      chain: { ...shop.chain, testAcceptance: () => Promise.reject(new Error('no line')) },
    };
    await makeWithoutFailing(silent, members, round);
    expect(shop.chain.broadcasts).toHaveLength(2);
    expect(shop.lines.filter(({ event }) => event === 'settlement-test-failed')).toEqual(
      members.map(({ id }) => ({
        event: 'settlement-test-failed',
        fields: { channelId: id, reason: 'Error: no line' },
      })),
    );
  });

  test('goes on without members that ended or are gone, and is over where all are', async () => {
    const members = await refused('alice', 'bob', 'carol');
    const [alice, bob, carol] = members;
    if (!alice || !bob || !carol) throw new Error('three were opened');
    await shop.channels.change(bob.id, { states: ['CLOSING'] }, { state: 'EXPIRED', dueAt: 9_999 });
    const get: ChannelShop['channels']['get'] = (id) =>
      id === carol.id ? Promise.resolve(undefined) : shop.channels.get(id);
    const others = { ...shop, channels: { ...shop.channels, get } };
    await makeWithoutFailing(others, members, round);
    expect(shop.chain.broadcasts).toHaveLength(1);
    expect([await settlementsOf(alice), await settlementsOf(bob), await settlementsOf(carol)]).toEqual([
      [expect.any(String), expect.any(String)],
      [expect.any(String)],
      [expect.any(String)],
    ]);
    await makeWithoutFailing(others, [bob, carol], round);
    expect(shop.chain.broadcasts).toHaveLength(1);
  });

  test('whose member is worth no settlement of its own is tested without it', async () => {
    const [alice, bob] = await refused('alice', 'bob');
    if (!alice || !bob) throw new Error('two were opened');
    let tests = 0;
    const counting = {
      ...shop.chain,
      testAcceptance(raw: string) {
        tests += 1;
        return shop.chain.testAcceptance(raw);
      },
    };
    await makeWithoutFailing({ ...shop, chain: counting }, [{ ...alice, share: 300n }, bob], round);
    expect(tests).toBe(1);
    expect(shop.lines.filter(({ event }) => event === 'settlement-test-failed')).toEqual([]);
  });
});
