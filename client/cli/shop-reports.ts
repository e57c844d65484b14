import { Command, InvalidArgumentError } from 'commander';
import { CHANNEL_STATES, type ChannelState } from '../../shared/http/api.ts';
import type { ChannelList, ListedChannel } from '../seller/list-channels.ts';
import type { ShopAccess } from '../seller/shop-access.ts';
import type { DatasetStatus, ShopStatus } from '../seller/shop-status.ts';
import { alignedText } from './aligned-text.ts';
import { addSellerOptions, runAsSeller, type SellerOptions } from './seller-options.ts';

/** Characters of an id or a txid that a line shows; `--json` has all of them. */
const SHOWN = 12;

/** `spillway shop status`: what a seller looks at each day. */
export function shopStatusCommand(): Command {
  const command = new Command('status')
    .description('datasets, channels, money, the schedule and the nearest deadline')
    .addHelpText(
      'after',
      `
It reads the whole table with your own rights, and asks no chain: heights are those of the schedule's last run.

Example:
  spillway shop status --shop shop.json --profile seller`,
    );
  return addSellerOptions(command).action(async (options: SellerOptions) => {
    await runAsSeller(options, async (access) => {
      const [{ shopStatus }, { priceBounds }] = await Promise.all([
        import('../seller/shop-status.ts'),
        import('../seller/price-bounds.ts'),
      ]);
      const [{ policy }, prices] = [access.config, priceBounds(access.config)];
      const status = await shopStatus({ ...(await reportPorts(access)), policy, prices });
      return { document: status, text: statusText(status) };
    });
  });
}

interface ChannelsOptions extends SellerOptions {
  readonly state?: ChannelState;
  readonly dataset?: string;
  readonly limit: number;
}

/** `spillway shop channels`: one line for each. */
export function shopChannelsCommand(): Command {
  const command = new Command('channels')
    .description('one line for each channel, the nearest deadline first')
    .option('--state <state>', `only those that are ${CHANNEL_STATES.join(', ')}`, channelState)
    .option('--dataset <dataset>', 'only those of one dataset, by its name or the beginning of its id')
    .option('--limit <number>', 'how many', limit, 1000)
    .addHelpText(
      'after',
      '\nExample:\n  spillway shop channels --state CLOSING --shop shop.json --profile seller',
    );
  return addSellerOptions(command).action(async (options: ChannelsOptions) => {
    await runAsSeller(options, async (access) => {
      const { listChannels } = await import('../seller/list-channels.ts');
      const { state, dataset } = options;
      const request = {
        limit: options.limit,
        ...(state !== undefined && { state }),
        ...(dataset !== undefined && { dataset }),
      };
      const list = await listChannels(await reportPorts(access), request);
      if (list.more > 0) process.stderr.write(`and ${list.more} more: see --limit\n`);
      return { document: list, text: channelsText(list) };
    });
  });
}

/** What reports read. */
export async function reportPorts({ config }: ShopAccess) {
  const [{ DynamoDBClient }, { dynamoDatasets }, { dynamoRecords }, { systemClock }] = await Promise.all([
    import('@aws-sdk/client-dynamodb'),
    import('../../shared/store/dynamo-datasets.ts'),
    import('../../shared/store/shop-records.ts'),
    import('../../shared/clock.ts'),
  ]);
  const client = new DynamoDBClient();
  return {
    datasets: dynamoDatasets(client, config.table),
    records: dynamoRecords(client, config.table),
    clock: systemClock,
  };
}

function statusText(status: ShopStatus): string {
  const { datasets, prices, channels, sold, fees, lastSweep, deadline, warnings } = status;
  const states = CHANNEL_STATES.filter((state) => channels[state] > 0);
  const facts = [
    ['sold', `${sold.chunks} chunks`],
    ['settled', `${sold.settled} sat, of which ${fees} were fees`],
    ['unsettled', `${sold.unsettled} sat`],
    ['channels', states.map((state) => `${channels[state]} ${state}`).join(', ') || 'none'],
    [
      'last sweep',
      lastSweep ? `${lastSweep.ageSeconds} s ago, at height ${lastSweep.height}` : 'none so far',
    ],
    ['prices', `${prices.least} to ${prices.most} sat for a full chunk`],
    ['deadline', deadline ? deadlineText(deadline) : 'none: no money is outside of a block'],
  ];
  const table = datasets.length === 0 ? 'no datasets\n' : alignedText(datasetRows(datasets));
  const told = warnings.map((warning) => `warning: ${warning}\n`).join('');
  return `${table}\n${alignedText(facts)}${told}`;
}

function deadlineText({ channelId, refundHeight, blocks }: NonNullable<ShopStatus['deadline']>): string {
  const left = blocks === undefined ? '' : `, in ${blocks} blocks`;
  return `height ${refundHeight}${left}, channel ${channelId.slice(0, SHOWN)}`;
}

function datasetRows(datasets: readonly DatasetStatus[]): string[][] {
  const header = ['DATASET', 'ID', 'FOR SALE', 'PRICE', 'CHUNKS', 'SOLD', 'SETTLED', 'UNSETTLED'];
  const rows = datasets.map(({ name, manifest, forSale, pricePerChunk, chunks, sold }) => [
    name,
    manifest.slice(0, SHOWN),
    forSale ? 'yes' : 'no',
    `${pricePerChunk}`,
    `${chunks}`,
    `${sold.chunks}`,
    `${sold.settled}`,
    `${sold.unsettled}`,
  ]);
  return [header, ...rows];
}

function channelsText({ channels }: ChannelList): string {
  if (channels.length === 0) return 'no channels\n';
  const header = ['CHANNEL', 'DATASET', 'STATE', 'PAID', 'SATOSHIS', 'REFUND HEIGHT', 'BLOCKS'];
  return alignedText([[...header, 'FUNDING', 'SETTLEMENT'], ...channels.map(channelRow)]);
}

function channelRow(channel: ListedChannel): string[] {
  const { channelId, dataset, manifest, state, paid, count, paidSatoshis, refundHeight, blocks } = channel;
  const settlement = channel.spend?.txid ?? channel.settlementTxid;
  return [
    channelId.slice(0, SHOWN),
    dataset ?? manifest.slice(0, SHOWN),
    state,
    `${paid}/${count}`,
    `${paidSatoshis}`,
    `${refundHeight}`,
    blocks === undefined ? '-' : `${blocks}`,
    channel.fundingTxid ?? '-',
    settlement ?? '-',
  ];
}

function channelState(text: string): ChannelState {
  const state = CHANNEL_STATES.find((each) => each === text.toUpperCase());
  if (!state) throw new InvalidArgumentError(`must be one of ${CHANNEL_STATES.join(', ')}.`);
  return state;
}

function limit(text: string): number {
  if (!/^[1-9][0-9]{0,4}$/.test(text))
    throw new InvalidArgumentError('must be a whole number from 1 to 99999.');
  return Number(text);
}
