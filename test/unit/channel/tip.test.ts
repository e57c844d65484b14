import { tipsOf } from '../../../shared/chain/tips.ts';
import { acceptCommitment } from '../../../shared/channel/accept-commitment.ts';
import { issueChunk } from '../../../shared/channel/issue-chunk.ts';
import { payment } from '../../support/channel-buyer.ts';
import { channelShop, open, START, stored } from '../../support/channel-shop.ts';
import { fakeChain } from '../../support/fake-chain.ts';
import { refusal, refusalWithoutChange } from '../../support/refusals.ts';
import { tableServer } from '../../support/table-server.ts';

const tables = tableServer();
const MINUTE = 60_000;

function setUp() {
  let now = START;
  const chain = fakeChain();
  chain.tipTime = START / 1000;
  const lines: unknown[] = [];
  const tips = tipsOf(chain, { now: () => now }, (event, fields) => lines.push({ event, fields }));
  return {
    chain,
    tips,
    lines,
    advance(milliseconds: number) {
      now += milliseconds;
    },
  };
}

describe('Tip: its age is the time since a successful fetch', () => {
  test('Tip: used again for a minute, then asked for', async () => {
    const { chain, tips, advance } = setUp();
    expect((await tips.recent()).height).toBe(1_000);
    chain.mine(1);
    advance(MINUTE);
    expect((await tips.recent()).height).toBe(1_000);
    expect(chain.calls).toEqual(['tip']);
    advance(1);
    expect((await tips.recent()).height).toBe(1_001);
  });

  test('Tip: ten minutes old it still serves, a millisecond more and it does not', async () => {
    const { chain, tips, advance } = setUp();
    await tips.recent();
    chain.failing = true;
    advance(10 * MINUTE);
    expect((await tips.recent()).height).toBe(1_000);
    advance(1);
    expect(await refusal(tips.recent())).toBe('chain-unavailable: the chain source does not answer');
  });

  test('Tip: a failed fetch makes it no younger', async () => {
    const { chain, tips, advance } = setUp();
    await tips.recent();
    chain.failing = true;
    for (let minute = 0; minute < 10; minute++) {
      advance(MINUTE);
      await tips.recent();
    }
    advance(1);
    expect(await refusal(tips.recent())).toMatch(/^chain-unavailable/);
    chain.failing = false;
    expect((await tips.recent()).height).toBe(1_000);
  });

  test('Tip: a fresh one is asked for, never taken from the cache', async () => {
    const { chain, tips } = setUp();
    await tips.recent();
    chain.mine(3);
    expect((await tips.fresh()).height).toBe(1_003);
    // And serves those who are content with a recent one.
    chain.mine(3);
    expect((await tips.recent()).height).toBe(1_003);
    chain.failing = true;
    expect(await refusal(tips.fresh())).toBe('chain-unavailable: the chain source does not answer');
  });

  test('Tip: an error that is ours is not taken for a silent chain', async () => {
    const mistake = new TypeError('a mistake');
    const tips = tipsOf({ tip: () => Promise.reject(mistake) }, { now: () => START }, () => {});
    await expect(tips.recent()).rejects.toBe(mistake);
    await expect(tips.fresh()).rejects.toBe(mistake);
  });

  test('Tip: a block time over three hours old raises an alarm', async () => {
    const { tips, lines, advance } = setUp();
    advance(3 * 60 * MINUTE);
    await tips.recent();
    expect(lines).toEqual([]);
    advance(MINUTE + 1_000);
    await tips.recent();
    expect(lines).toEqual([
      { event: 'tip-is-stale', fields: { alarm: true, height: 1_000, ageSeconds: 3 * 3600 + 61 } },
    ]);
  });
});

test('Tip: payments and chunks are refused rather than guessed', async () => {
  const shop = await channelShop(tables());
  const channel = await open(shop, 'alice');
  shop.chain.failing = true;
  shop.clock.advance(10 * MINUTE + 1);
  const sent = payment('alice', channel, 1);
  expect(await refusalWithoutChange(shop, channel, () => acceptCommitment(shop, channel, sent))).toBe(
    'chain-unavailable: the chain source does not answer',
  );
  expect(await refusalWithoutChange(shop, channel, () => issueChunk(shop, channel, 0))).toBe(
    'chain-unavailable: the chain source does not answer',
  );
  shop.chain.failing = false;
  expect((await acceptCommitment(shop, channel, sent)).next?.chunk).toBe(1);
  // A replay needs no chain to be an acceptance; its link does.
  shop.chain.failing = true;
  shop.clock.advance(10 * MINUTE + 1);
  expect((await acceptCommitment(shop, await stored(shop, channel), sent)).next).toBeNull();
});
