import { resolve } from 'node:path';
import { Command } from 'commander';
import type { ConsolePorts, Told } from '../console/console-calls.ts';
import type { ShopAccess } from '../seller/shop-access.ts';
import { sellerDatasets } from './offer-commands.ts';
import { publishPorts } from './publish-command.ts';
import { addSellerOptions, runAsSeller, type SellerOptions } from './seller-options.ts';
import { reportPorts } from './shop-reports.ts';
import { storefrontProblem } from './update-storefront.ts';

/** Channels that the page lists; `spillway shop channels --limit` has more. */
const CHANNELS_LISTED = 200;

/** `spillway console`: the seller's commands as a page of this machine. */
export function consoleCommand(): Command {
  const command = new Command('console')
    .description('a page on this machine for what a seller does: sales, channels, money, publish, price')
    .addHelpText(
      'after',
      `
It listens on this machine alone, uses the rights of this command, and ends with it (Ctrl-C). The address that it prints opens
the page once, in one tab. Each look reads the table twice, as \`shop status\` and \`shop channels\` do.

Example:
  spillway console --shop shop.json --profile seller`,
    );
  return addSellerOptions(command).action(async (options: SellerOptions) => {
    await runAsSeller(options, async (access) => {
      const [{ startConsole }, { consoleCalls }, { consolePageFiles }] = await Promise.all([
        import('../console/console-server.ts'),
        import('../console/console-calls.ts'),
        import('../console/console-page-files.ts'),
      ]);
      const page = await consolePageFiles(new URL('./console/', import.meta.url));
      const console = await startConsole(consoleCalls(await consolePorts(access)), page);
      process.stderr.write(
        `The console is at\n\n  ${console.address}\n\nThis address works once. Ctrl-C ends it.\n`,
      );
      await new Promise<void>((end) => {
        for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => end());
      });
      await console.stop();
      return { document: { ended: true }, text: '' };
    });
  });
}

async function consolePorts(access: ShopAccess): Promise<ConsolePorts> {
  const [{ shopStatus }, { listChannels }, { localAlarms }, offers, { priceBounds }, { publish }, files] =
    await Promise.all([
      import('../seller/shop-status.ts'),
      import('../seller/list-channels.ts'),
      import('../seller/local-alarms.ts'),
      import('../seller/change-offer.ts'),
      import('../seller/price-bounds.ts'),
      import('../seller/publish.ts'),
      import('../seller/file-content.ts'),
    ]);
  const { config, folder, site } = access;
  const shown = async <Change extends { readonly manifest?: string }>(
    change: Change,
  ): Promise<Told<Change>> => {
    const note = await storefrontProblem(access, change.manifest);
    return { ...change, ...(note !== undefined && { note }) };
  };
  const prices = priceBounds(config);
  const [reading, datasets] = await Promise.all([reportPorts(access), sellerDatasets(access)]);
  return {
    async report() {
      const [status, channels, alarms] = await Promise.all([
        shopStatus({ ...reading, policy: config.policy, prices }),
        listChannels(reading, { limit: CHANNELS_LISTED }),
        folder === undefined ? undefined : localAlarms(folder),
      ]);
      const { network, payoutAddress, table } = config;
      const isLocal = folder !== undefined;
      const place = folder === undefined ? table : resolve(folder);
      const storefront = site && { storefront: site.url };
      const shop = { network, payoutAddress, place, isLocal, ...storefront };
      return { shop, status, channels, ...(alarms && { alarms }) };
    },
    changePrice: async (dataset, pricePerChunk) =>
      shown(await offers.changePrice(datasets, dataset, pricePerChunk, prices)),
    unpublish: async (dataset) => shown(await offers.unpublish(datasets, dataset)),
    async publish(path, request, onProgress) {
      const { source: _, ...ports } = await publishPorts(access);
      const content = await files.fileContent(path, ports.objects);
      const publication = await publish(request, content, { ...ports, onProgress });
      return request.dryRun ? publication : shown(publication);
    },
  };
}
