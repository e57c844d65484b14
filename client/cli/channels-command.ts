import { Command } from 'commander';
import type { ChannelReport, ChannelStanding } from '../buyer/channels.ts';
import { alignedText } from './aligned-text.ts';
import { addBuyerOptions, type BuyerOptions, runAsBuyer } from './buyer-options.ts';
import { aboutWhen } from './plan-text.ts';

/** Characters of an id that a line shows; `--json` has all of them. */
const SHOWN = 12;

/** `spillway channels`: where the money of each channel is, and what to do about it. */
export function channelsCommand(): Command {
  const command = new Command('channels')
    .description('each channel of yours: where its money is, until when, and what to do')
    .option('--open', 'only those with money in them')
    .addHelpText(
      'after',
      `
The chain is asked about every channel whose funding was sent, so what is said is what is so.

Examples:
  spillway channels
  spillway channels --open --json`,
    );
  return addBuyerOptions(command).action(async (options: BuyerOptions & { readonly open?: true }) => {
    await runAsBuyer(options, async (buyer) => {
      const { buyerChannels } = await import('../buyer/channels.ts');
      const channels = (await buyerChannels(buyer)).filter(
        ({ standing }) => !options.open || HOLDING.has(standing),
      );
      return { document: { channels }, text: channelsText(channels, buyer.clock.now()) };
    });
  });
}

/** Money is in it, or may be. */
const HOLDING: ReadonlySet<ChannelStanding> = new Set([
  'funding',
  'open',
  'closing',
  'refundable',
  'settling',
  'refunding',
]);

export function channelsText(channels: readonly ChannelReport[], now: number): string {
  if (channels.length === 0) return 'no channels\n';
  const header = ['CHANNEL', 'DATASET', 'STATE', 'CAPACITY', 'PAID', 'CHUNKS', 'REFUND HEIGHT', 'BLOCKS'];
  const rows = channels.map((channel) => [
    channel.channelId.slice(0, SHOWN),
    channel.name,
    channel.standing,
    `${channel.capacity}`,
    `${channel.paid}`,
    `${channel.chunksPaid}/${channel.chunks}`,
    `${channel.refundHeight}`,
    `${channel.blocksLeft}`,
  ]);
  const details = channels.map(
    ({ channelId, fundingTxid, spendTxid, ...channel }) =>
      `${channelId.slice(0, SHOWN)}: ${whatToDo(channel, now)}\n${txidLine('funding', fundingTxid)}${txidLine('spent by', spendTxid)}`,
  );
  return `${alignedText([header, ...rows])}\n${details.join('')}`;
}

function txidLine(what: string, txid: string | undefined): string {
  return txid === undefined ? '' : `  ${what.padEnd(8)} ${txid}\n`;
}

/** True whatever the shop does: no step here depends on its good will. */
function whatToDo(
  { standing, blocksLeft, refundHeight }: Pick<ChannelReport, 'standing' | 'blocksLeft' | 'refundHeight'>,
  now: number,
): string {
  const when = `height ${refundHeight}, ${aboutWhen(blocksLeft, now)}`;
  switch (standing) {
    case 'proposed':
    case 'abandoned':
      return 'no money was ever in it; nothing to do';
    case 'funding':
      return `its funding waits for a block; run \`spillway buy\` again, or \`spillway refund\` from ${when}`;
    case 'open':
      return `run \`spillway buy\` again to go on, or \`spillway refund\` from ${when}`;
    case 'closing':
      return `the shop settles it; if it does not, \`spillway refund\` takes the money back from ${when}`;
    case 'refundable':
      return 'its time is over: run `spillway refund` now to take back what is in it';
    case 'settling':
      return 'the settlement waits for a block; nothing to do';
    case 'refunding':
      return 'the money is on its way back; `spillway refund --watch` raises the fee while no block takes it';
    case 'settled':
    case 'refunded':
    case 'cancelled':
      return `${standing}: it is over, nothing to do`;
  }
}
