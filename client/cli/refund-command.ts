import { Command } from 'commander';
import type { RefundReport, RefundStatus } from '../buyer/refund.ts';
import { addBuyerOptions, type BuyerOptions, runAsBuyer } from './buyer-options.ts';
import { progressReporter } from './progress.ts';
import { terminalOf } from './terminal.ts';

interface RefundOptions extends BuyerOptions {
  readonly purchase?: string;
  readonly cancel?: true;
  readonly watch?: true;
}

/** `spillway refund`: what is bound, when it comes back, and the broadcast of what is due. */
export function refundCommand(): Command {
  const command = new Command('refund')
    .description('list money that is bound in channels and take back what is due')
    .option('--purchase <id>', 'this purchase only')
    .option('--cancel', 'ask the shop to give back at once what nothing was delivered for');
  command.option(
    '--watch',
    'stay until all money has moved: refund at the refund height, at fees that are raised',
  );
  command.addHelpText(
    'after',
    `
Examples:
  spillway refund              # what is bound and when it comes back; sends what is due
  spillway refund --cancel     # asks the shops to give it back now, where they delivered nothing
  spillway refund --watch      # stays until all of it has moved`,
  );
  return addBuyerOptions(command).action(async (options: RefundOptions) => {
    await runAsBuyer(options, async (buyer) => {
      const [{ refund }, { watchRefunds }] = await Promise.all([
        import('../buyer/refund.ts'),
        import('../buyer/refund-watch.ts'),
      ]);
      const work = options.watch ? watchRefunds : refund;
      const request = {
        ...(options.purchase !== undefined && { purchase: options.purchase }),
        ...(options.cancel && { cancel: true }),
      };
      const report = progressReporter(terminalOf(process.stderr), buyer.clock);
      const channels = await work(buyer, request, report);
      return { document: { channels }, text: reportText(channels) };
    });
  });
}

function reportText(reports: readonly RefundReport[]): string {
  if (reports.length === 0) return 'No money is bound in channels.\n';
  return reports
    .map(({ name, channelId, capacity, status }) => {
      return `${name}, channel ${channelId.slice(0, 12)}, ${capacity} sat: ${statusText(status)}\n`;
    })
    .join('');
}

function statusText(status: RefundStatus): string {
  switch (status.kind) {
    case 'ended':
      return `ended by ${status.by} ${status.txid} at height ${status.height}, ${status.returned} sat came back`;
    case 'moving':
      return 'a transaction that moves it waits for a block';
    case 'unfunded':
      return 'another wallet was to sign its funding and did not; nothing is in it';
    case 'waiting':
      return `refundable from height ${status.refundHeight}, in ${status.blocks} blocks`;
    case 'sent':
      return `refund ${status.txid} sent, ${status.returned} sat come back (fee ${status.fee} sat)`;
    case 'failed':
      return `the refund failed: ${status.reason}`;
  }
}
