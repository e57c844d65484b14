import type { ChannelCosts } from '../buyer/channel-costs.ts';
import type { PurchasePlan } from '../buyer/purchase-plan.ts';
import { formatByteSize } from './byte-size.ts';

/** Milliseconds between two blocks, on average: the protocol's aim. */
const BLOCK_TIME = 10 * 60 * 1000;
const DAY = 24 * 60 * 60 * 1000;

/** A purchase in one line. A part says what else it costs: whole chunks, and two transactions for each channel. */
export function whatIsBought({ name, bytes, part }: PurchasePlan): string {
  if (!part) return `${name} (${formatByteSize(bytes)})`;
  const { files, chunks, chunksOfDataset, channels } = part;
  const how = `${chunks} of ${counted(chunksOfDataset, 'chunk')}, ${formatByteSize(bytes)}, through ${counted(channels, 'channel')}`;
  return `${counted(files, 'file')} of ${name} (${how})`;
}

/** What it costs besides, how long the money is bound, and the worst that can happen: all that is to be known before a yes. */
export function planLines(plan: PurchasePlan, now: number): string[] {
  const { costs, ahead, atRisk } = plan;
  const risk =
    atRisk === 0n
      ? 'each chunk is paid after it was checked: nothing is paid that did not come'
      : `${counted(ahead, 'chunk')} paid before ${ahead === 1 ? 'it arrives' : 'they arrive'}: a dishonest shop could keep ${atRisk} sat`;
  return [`  payment    ${risk}`, ...(costs ? costLines(costs, atRisk, now) : [])];
}

function costLines({ channels, ...costs }: ChannelCosts, atRisk: bigint, now: number): string[] {
  const { capacity, fundingFees, refundFee, refundHeight, blocks } = costs;
  const through = channels === 1 ? 'binds' : `${channels}, one after the other; each binds up to`;
  const lost = `${fundingFees / BigInt(channels) + refundFee} sat${atRisk === 0n ? '' : `, and the ${atRisk} sat paid ahead`}`;
  return [
    `  channel    ${through} ${capacity} sat; the shop settles when you are done`,
    `  fees       about ${fundingFees} sat to fund it; the settlement's are the seller's`,
    `  locktime   height ${refundHeight}, ${aboutWhen(blocks, now)}: from then on you can take back what is bound`,
    `  worst case the shop vanishes: what is left comes back then; lost are the fees, about ${lost}`,
  ];
}

/** When a block so far away comes, if they come as they should. */
export function aboutWhen(blocks: number, now: number): string {
  if (blocks <= 0) return 'now';
  const days = Math.round((blocks * BLOCK_TIME) / DAY);
  const date = new Date(now + blocks * BLOCK_TIME).toISOString().slice(0, 10);
  return `in ${counted(blocks, 'block')}, about ${days < 1 ? 'today' : `${date} (${counted(days, 'day')})`}`;
}

export function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}
