import { Command } from 'commander';
import { SellerError } from '../seller/seller-error.ts';
import { addSellerOptions, runAsSeller, type SellerOptions } from './seller-options.ts';
import { updateStorefront } from './update-storefront.ts';

/** `spillway storefront`: writes all of a shop's pages. */
export function storefrontCommand(): Command {
  const command = new Command('storefront').description("write all of the shop's pages again").addHelpText(
    'after',
    `
publish, price and unpublish write the pages that they change. This is for the first time, and after an update.

Example:
  spillway storefront --shop shop.json --profile seller`,
  );
  return addSellerOptions(command).action(async (options: SellerOptions) => {
    await runAsSeller(options, async (access) => {
      const datasets = await updateStorefront(access);
      if (datasets === undefined || !access.site) {
        const next =
          'Start the local shop once with this version, or give the outputs file of a newer stack.';
        throw new SellerError('usage', 'This shop has no storefront.', next);
      }
      const { url } = access.site;
      return {
        document: { url, datasets },
        text: `The storefront is at ${url}/ with ${datasets} datasets.\n`,
      };
    });
  });
}
