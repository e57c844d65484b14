import { bytesOf, channelAnswer } from '../../../shared/channel/channel-facts.ts';
import { termsToJson } from '../../../shared/protocol/terms.ts';
import { channelShop, openAndPaid } from '../../support/channel-shop.ts';
import { tableServer } from '../../support/table-server.ts';

const tables = tableServer();

test('bytes are those of the chunks from one to before another, as the dataset counts them', async () => {
  const shop = await channelShop(tables());
  const { terms } = await openAndPaid(shop, 'alice', 1);
  const shape = { totalSize: 25, chunkSize: 10 };
  const bytes = (first: number, from: number, to: number) =>
    bytesOf({ terms: { ...terms, first }, shape }, from, to);
  expect([bytes(0, 0, 0), bytes(0, 0, 1), bytes(0, 0, 3), bytes(1, 0, 2), bytes(2, 0, 1)]).toEqual([
    0, 10, 25, 15, 5,
  ]);
});

test('a channel is answered with its terms', async () => {
  const shop = await channelShop(tables());
  const channel = await openAndPaid(shop, 'alice', 1);
  expect(channelAnswer(channel, shop.policy).terms).toEqual(termsToJson(channel.terms));
});
