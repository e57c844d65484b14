import { cosignRefund } from '../../../shared/channel/cosign-refund.ts';
import { CHANGED_MEANWHILE, untilDecided } from '../../../shared/channel/until-decided.ts';
import { channelShop, propose, stored } from '../../support/channel-shop.ts';
import { contested } from '../../support/contested-channels.ts';
import { refusal } from '../../support/refusals.ts';
import { tableServer } from '../../support/table-server.ts';

const tables = tableServer();

test('a decision that lost its race is made again on what the store holds now', async () => {
  const shop = await channelShop(tables());
  const channel = await propose(shop, 'alice');
  const seen: number[] = [];
  const decided = await untilDecided(shop, channel, async (current) => {
    seen.push(current.refunds.length);
    if (seen.length === 3) return 'decided';
    await cosignRefund(shop, current, { txid: `${seen.length}`.repeat(64), vout: 0 });
    return CHANGED_MEANWHILE;
  });
  expect([decided, seen]).toEqual(['decided', [0, 1, 2]]);
});

test('five lost races in a row are a storm, not an endless loop', async () => {
  const shop = await channelShop(tables());
  const channel = await propose(shop, 'alice');
  let outpoints = 0;
  const rival = () => cosignRefund(shop, channel, { txid: '11'.repeat(32), vout: outpoints++ });
  const mine = { txid: '22'.repeat(32), vout: 0 };
  expect(await refusal(cosignRefund(contested(shop, rival, 100), channel, mine))).toBe(
    'busy: other requests keep changing the channel',
  );
  expect((await stored(shop, channel)).refunds).toHaveLength(5);
});

test('a channel that is gone is not found', async () => {
  const shop = await channelShop(tables());
  const channel = await propose(shop, 'alice');
  const gone = { channels: { ...shop.channels, get: () => Promise.resolve(undefined) } };
  expect(await refusal(untilDecided(gone, channel, async () => CHANGED_MEANWHILE))).toBe(
    'not-found: the channel is gone',
  );
});
