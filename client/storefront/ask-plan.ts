import { countText, satoshisText, sizeText } from '../../shared/pages/amounts.ts';
import type { BuyRequest } from '../buyer/browser/index.ts';
import { button, buttons, facts, paragraph, type View } from './view.ts';

type Plan = Parameters<NonNullable<BuyRequest['confirm']>>[0];

const BLOCK_MINUTES = 10;
const DAY_MINUTES = 24 * 60;

/** Price, what the channel costs and binds, for how long, and the worst that can happen; then asks. */
export function askPlan(view: View, plan: Plan): Promise<boolean> {
  return new Promise((resolve) => {
    view.panel(
      'Before you pay',
      facts(planFacts(plan)),
      paragraph(
        'The money is in your hands all the time: a key in this browser signs it away part by part. This page was made by the seller; if you do not want to trust it with that key, use the command line below.',
      ),
      buttons(
        button('Go on', () => resolve(true), true),
        button('Not now', () => resolve(false)),
      ),
    );
    view.say('Nothing is bound yet.');
  });
}

function planFacts({ bytes, price, costs, ahead, atRisk }: Plan): [string, string][] {
  const list: [string, string][] = [
    ['You buy', sizeText(bytes)],
    ['Price', satoshisText(price)],
  ];
  if (costs) {
    const { channels, capacity, fundingFees, refundFee, refundHeight, blocks } = costs;
    const days = Math.max(1, Math.round((blocks * BLOCK_MINUTES) / DAY_MINUTES));
    list.push(
      ['Fees', `about ${satoshisText(fundingFees)} to the miners; the settlement's are the seller's`],
      [
        'Bound',
        `${satoshisText(capacity)} ${channels === 1 ? 'until you are done' : `in each of ${channels} channels, one after the other`}`,
      ],
      ['Refund', `from block ${refundHeight} on, in about ${countText(days, 'day')}, without the seller`],
      ['Worst case', worst(fundingFees + refundFee, ahead, atRisk)],
    );
  }
  return list;
}

function worst(fees: bigint, ahead: number, atRisk: bigint): string {
  const lost = `the shop vanishes: what you did not spend comes back then, less fees of about ${satoshisText(fees)}`;
  if (atRisk === 0n) return lost;
  return `${lost}; and ${countText(ahead, 'part')}, paid before ${ahead === 1 ? 'it comes' : 'they come'}, may be lost: ${satoshisText(atRisk)}`;
}
