import { changePrice, unpublish } from '../../../../client/seller/change-offer.ts';
import { OLD_PRICE_GRACE_MS } from '../../../../shared/limits.ts';
import { type ChannelShop, channelShop, DATASET, START } from '../../../support/channel-shop.ts';
import { PRICES } from '../../../support/payout.ts';
import { tableServer } from '../../../support/table-server.ts';

const tables = tableServer();
const GRACE_END = new Date(START + OLD_PRICE_GRACE_MS).toISOString();
const { manifest, name } = DATASET;

let shop: ChannelShop;
beforeEach(async () => {
  shop = await channelShop(tables());
});

test('off sale by name or by the beginning of its id; once more changes nothing', async () => {
  const offSale = { manifest, name, pricePerChunk: 5_000n, forSaleUntil: GRACE_END };
  expect(await unpublish(shop.datasets, 'weather')).toEqual({ outcome: 'off-sale', ...offSale });
  shop.clock.advance(1_000);
  expect(await unpublish(shop.datasets, manifest.slice(0, 6))).toEqual({
    outcome: 'off-sale-already',
    ...offSale,
  });
});

test('a new price, and until when the old one opens channels; once more changes nothing', async () => {
  const priced = {
    manifest,
    name,
    pricePerChunk: 6_000n,
    previousPrice: { pricePerChunk: 5_000n, until: GRACE_END },
  };
  expect(await changePrice(shop.datasets, manifest, 6_000n, PRICES)).toEqual({
    outcome: 'price-changed',
    ...priced,
  });
  shop.clock.advance(1_000);
  expect(await changePrice(shop.datasets, name, 6_000n, PRICES)).toEqual({
    outcome: 'price-unchanged',
    ...priced,
  });
});

test('what is off sale has no price to change', async () => {
  await unpublish(shop.datasets, name);
  await expect(changePrice(shop.datasets, name, 6_000n, PRICES)).rejects.toMatchObject({
    code: 'usage',
    message: 'weather is off sale, so it has no price.',
    next: 'Publish the same files again at the new price: nothing is uploaded twice.',
  });
  expect((await shop.datasets.get(manifest))?.pricePerChunk).toBe(5_000n);
});

test('what means no dataset, or two, changes nothing and is told', async () => {
  const second = await shop.publish(3);
  const both = `${name} (${manifest.slice(0, 12)}), ${name} (${second.slice(0, 12)})`;
  const told = async (wanted: string) =>
    unpublish(shop.datasets, wanted).then(
      () => 'nothing',
      ({ code, message, next }) => [code, message, next],
    );
  const datasets = [...(await shop.datasets.list())].map((each) => each.manifest);
  const inOrder = datasets[0] === manifest ? both : both.split(', ').reverse().join(', ');
  expect(await told('weather')).toEqual([
    'usage',
    'The shop has more than one dataset weather.',
    `Name one by its id: ${inOrder}.`,
  ]);
  // Too short for an id, of another case, or of none.
  for (const wanted of [manifest.slice(0, 5), manifest.toUpperCase(), 'none', '']) {
    expect(await told(wanted)).toEqual([
      'usage',
      `The shop has no dataset ${wanted}.`,
      `It has: ${inOrder}.`,
    ]);
  }
  expect((await shop.datasets.list()).map(({ forSaleUntil }) => forSaleUntil)).toEqual([
    undefined,
    undefined,
  ]);
  expect((await unpublish(shop.datasets, second.slice(0, 12))).manifest).toBe(second);
});

test.each([1_138n, 100_000_001n])(
  '%i satoshis are refused: no channel could be opened for them',
  async (price) => {
    await expect(changePrice(shop.datasets, name, price, PRICES)).rejects.toMatchObject({
      code: 'usage',
      message: `at ${price} satoshis for a full chunk nobody could buy: by its policy this shop opens channels at 1139 to 100000000`,
    });
    expect((await shop.datasets.get(manifest))?.pricePerChunk).toBe(5_000n);
  },
);
