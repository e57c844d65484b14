import { closeChannel } from '../../../shared/channel/close-channel.ts';
import { lifetimesAt } from '../../../shared/channel/lifetimes.ts';
import { openChannel } from '../../../shared/channel/open-channel.ts';
import { policyWith } from '../../../shared/config.ts';
import { channelShop, open } from '../../support/channel-shop.ts';
import { refusal } from '../../support/refusals.ts';
import { tableServer } from '../../support/table-server.ts';

const tables = tableServer();

test('lifetimes are the policy’s', () => {
  expect(lifetimesAt(5_000, policyWith())).toEqual({ minimum: 288, default: 1_008, maximum: 2_016 });
});

test.each([
  [5_000, 2_017, 2_017],
  [5_001, 2_016, 2_016],
  [6_008, 1_009, 1_009],
  [6_009, 1_008, 1_008],
  [6_729, 288, 1_008],
  [9_000, 288, 1_008],
])('after a restore at 5,000 and with the tip at %i they are at least %i', (tip, minimum, usual) => {
  const policy = policyWith({ restoredAt: 1, restoredHeight: 5_000 });
  expect(lifetimesAt(tip, policy)).toEqual({ minimum, default: usual, maximum: 2_016 });
});

test('rule 22b: terms whose cancel a restore has forgotten are not opened again', async () => {
  const before = await channelShop(tables());
  const terms = before.terms('alice', { refundHeight: before.chain.height() + 2_016 });
  const opened = await open(before, 'alice', { refundHeight: terms.refundHeight });
  const { cancels } = await closeChannel(before, opened);
  expect(cancels).toHaveLength(1);

  // The backup is from before the channel: an empty table, the same chain and key.
  const empty = await channelShop(tables());
  const policy = policyWith({ restoredAt: before.clock.now(), restoredHeight: before.chain.height() });
  const restored = { ...empty, chain: before.chain, tips: before.tips, clock: before.clock, policy };
  before.chain.mine(10);
  const least = policy.restoredHeight + 2_017;
  expect(await refusal(openChannel(restored, opened.terms))).toBe(
    `terms-refused: refundHeight: must be from ${least} to ${before.chain.height() + 2_016}`,
  );
  const fresh = before.terms('bob', { refundHeight: least });
  expect((await openChannel(restored, fresh)).state).toBe('PROPOSED');
});
