import { Command } from 'commander';
import type { SellerDatasetStore } from '../../shared/store/dataset-record.ts';
import type { Offer } from '../seller/change-offer.ts';
import type { ShopAccess } from '../seller/shop-access.ts';
import { addSellerOptions, pricePerChunk, runAsSeller, type SellerOptions } from './seller-options.ts';
import { showInStorefront } from './update-storefront.ts';

/** `spillway unpublish`: takes a dataset off sale. */
export function unpublishCommand(): Command {
  const command = new Command('unpublish')
    .description('take a dataset off sale; what was sold of it stays')
    .argument('<dataset>', 'its name, or the beginning of its id')
    .addHelpText(
      'after',
      `
It opens channels for an hour more, open channels go on to their end, and its objects stay.
Publish the same files again to put it back on sale.

Example:
  spillway unpublish weather-2025 --shop shop.json`,
    );
  return addSellerOptions(command).action(async (dataset: string, options: SellerOptions) => {
    await runAsSeller(options, async (access) => {
      const { unpublish } = await import('../seller/change-offer.ts');
      const offer = await unpublish(await sellerDatasets(access), dataset);
      await showInStorefront(access, offer.manifest);
      return { document: offer, text: offerText(offer) };
    });
  });
}

/** `spillway price`: changes what a full chunk costs. */
export function priceCommand(): Command {
  const command = new Command('price')
    .description('change what a full chunk of a dataset costs')
    .argument('<dataset>', 'its name, or the beginning of its id')
    .argument('<satoshis>', 'price of a full chunk', pricePerChunk)
    .addHelpText(
      'after',
      `
The old price opens channels for an hour more; channels keep the price that they were opened at.

Example:
  spillway price weather-2025 6000 --shop shop.json`,
    );
  return addSellerOptions(command).action(async (dataset: string, price: bigint, options: SellerOptions) => {
    await runAsSeller(options, async (access) => {
      const [{ changePrice }, { priceBounds }] = await Promise.all([
        import('../seller/change-offer.ts'),
        import('../seller/price-bounds.ts'),
      ]);
      const prices = priceBounds(access.config);
      const offer = await changePrice(await sellerDatasets(access), dataset, price, prices);
      await showInStorefront(access, offer.manifest);
      return { document: offer, text: offerText(offer) };
    });
  });
}

export async function sellerDatasets({ config }: ShopAccess): Promise<SellerDatasetStore> {
  const [{ DynamoDBClient }, { dynamoDatasets }] = await Promise.all([
    import('@aws-sdk/client-dynamodb'),
    import('../../shared/store/dynamo-datasets.ts'),
  ]);
  return dynamoDatasets(new DynamoDBClient(), config.table);
}

const OUTCOMES: Readonly<Record<Offer['outcome'], string>> = {
  'off-sale': 'Off sale',
  'off-sale-already': 'Off sale already',
  'price-changed': 'Its price is changed',
  'price-unchanged': 'It has that price already',
};

function offerText({
  outcome,
  name,
  manifest,
  pricePerChunk: price,
  previousPrice,
  forSaleUntil,
}: Offer): string {
  return [
    `${OUTCOMES[outcome]}: ${name}`,
    `  dataset    ${manifest}`,
    `  price      ${price} satoshis for a full chunk`,
    ...(outcome === 'price-changed' && previousPrice
      ? [`  before     ${previousPrice.pricePerChunk} until ${previousPrice.until}`]
      : []),
    ...(forSaleUntil === undefined ? [] : [`  channels   may be opened until ${forSaleUntil}`]),
    '',
  ].join('\n');
}
