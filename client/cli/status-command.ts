import { Command } from 'commander';
import type { PurchaseStatus, StatusReport } from '../buyer/status.ts';
import { addBuyerOptions, type BuyerOptions, runAsBuyer } from './buyer-options.ts';

/** `spillway status`: purchases, channels, heights and money. */
export function statusCommand(): Command {
  const command = new Command('status')
    .description('purchases, channels, heights and money')
    .addHelpText('after', '\nExample:\n  spillway status --json');
  return addBuyerOptions(command).action(async (options: BuyerOptions) => {
    await runAsBuyer(options, async (buyer) => {
      const { buyerStatus } = await import('../buyer/status.ts');
      const report = await buyerStatus(buyer);
      return { document: report, text: statusText(report) };
    });
  });
}

function statusText({ height, wallets, purchases }: StatusReport): string {
  const lines = [
    `height ${height}`,
    ...wallets.map(({ network, balance, depositAddress }) => {
      return `wallet ${network}: ${balance} sat, deposit address ${depositAddress}`;
    }),
    ...(purchases.length === 0
      ? ['no purchases']
      : purchases.flatMap((purchase) => purchaseLines(purchase, height))),
  ];
  return `${lines.join('\n')}\n`;
}

function purchaseLines(purchase: PurchaseStatus, height: number): string[] {
  const { name, id, output, complete, verified, chunks, paid, channels } = purchase;
  const progress = complete ? 'complete' : `${verified} of ${chunks ?? '?'} chunks`;
  return [
    `${name}: ${progress}, ${paid} sat paid, in ${output} (purchase ${id})`,
    ...channels.map(({ channelId, state, capacity, refundHeight }) => {
      const blocks = refundHeight - height;
      const life =
        blocks > 0
          ? `refund height ${refundHeight} in ${blocks} blocks`
          : `refund height ${refundHeight} reached`;
      return `  channel ${channelId.slice(0, 12)}: ${state}, ${capacity} sat, ${life}`;
    }),
  ];
}
