import { formatByteSize } from '../../cli/byte-size.ts';
import { ago, count, satoshis, shortId } from './amounts.ts';
import { byId, type Column, element, figures, fill, table } from './dom.ts';
import { salesChart } from './sales-chart.ts';
import type { Report } from './session.ts';

type Settlement = Report['status']['settlements'][number];

/** Everything that is only looked at. */
export function showOverview({ shop, status, alarms }: Report, now: number): void {
  const { sold, fees, lastSweep, deadline, prices, delivery } = status;
  fill(
    'place',
    `${shop.isLocal ? 'The local shop in' : 'The shop of the table'} ${shop.place}, on ${shop.network}`,
  );
  if (shop.storefront !== undefined) {
    byId('place', HTMLElement).append(', ', element('a', { href: shop.storefront }, 'its storefront'));
  }
  showWarnings(status.warnings, alarms);
  fill(
    'figures',
    ...figures([
      { name: 'Settled', value: satoshis(sold.settled), note: `of which ${satoshis(fees)} were fees` },
      { name: 'Not settled yet', value: satoshis(sold.unsettled), note: deadlineText(deadline) },
      { name: 'Taken back by buyers', value: satoshis(sold.lost) },
      { name: 'Sold', value: count(sold.chunks, 'chunk') },
    ]),
  );
  fill('chart', salesChart(status.days, now));
  fill('price-hint', `From ${satoshis(prices.least)} to ${satoshis(prices.most)} by the shop’s policy.`);
  fill('last-sweep', lastSweep ? sweepText(lastSweep) : 'The schedule never ran.');
  fill('settlement-table', settlementTable(status.settlements));
  fill(
    'bytes',
    ...figures([
      { name: 'Paid for', value: formatByteSize(delivery.paid) },
      { name: 'On credit, not paid yet', value: formatByteSize(delivery.unpaid) },
      { name: 'On credit, never paid', value: formatByteSize(delivery.neverPaid) },
    ]),
  );
  fill(
    'egress-place',
    shop.isLocal ? '' : ', in CloudWatch, where the shop’s dashboard draws both and an alarm compares them',
  );
}

function showWarnings(warnings: readonly string[], alarms: Report['alarms']): void {
  const others = alarms
    ? 'Whatever else the functions say is in shop.log, in the shop’s folder.'
    : 'The alarms of CloudWatch come by mail; this page cannot see them.';
  const told = warnings.map((warning) => element('p', { class: 'notice' }, warning));
  const none = [element('p', {}, 'Nothing, by what the table holds.')];
  fill(
    'warnings',
    ...(told.length > 0 ? told : none),
    ...logged(alarms ?? []),
    element('p', { class: 'quiet' }, others),
  );
}

function logged(alarms: NonNullable<Report['alarms']>): HTMLElement[] {
  if (alarms.length === 0) return [];
  const lines = alarms.map(({ at, event, reason }) =>
    element(
      'li',
      {},
      element('time', { datetime: at }, at),
      ` ${event}`,
      reason === undefined ? '' : `: ${reason}`,
    ),
  );
  return [element('p', {}, 'The last alarms of its log:'), element('ul', {}, ...lines)];
}

function deadlineText(deadline: Report['status']['deadline']): string {
  if (!deadline) return 'no deadline: none of it is outside of a block';
  const { blocks, refundHeight, channelId } = deadline;
  const when = blocks === undefined ? `at height ${refundHeight}` : `in ${count(blocks, 'block')}`;
  return `first deadline ${when}, channel ${shortId(channelId)}`;
}

function sweepText({ at, ageSeconds, height }: NonNullable<Report['status']['lastSweep']>): string {
  return `It last ran ${ago(ageSeconds)}, at height ${height} (${at}). It confirms fundings, settles what is due and raises fees.`;
}

const STATES: Readonly<Record<Settlement['state'], string>> = {
  signed: 'signed, not seen on the chain',
  'in-mempool': 'waits for a block',
  'in-block': 'in a block',
  final: 'final',
  replaced: 'replaced by a later one',
};

const SETTLEMENT_COLUMNS: readonly Column<Settlement>[] = [
  { name: 'Settlement', cell: ({ txid }) => element('code', { title: txid }, shortId(txid)) },
  { name: 'State', cell: ({ state }) => STATES[state] },
  { name: 'Channels', isNumber: true, cell: ({ channels }) => `${channels}` },
  { name: 'Fee', isNumber: true, cell: ({ fee }) => satoshis(fee) },
  {
    name: 'Fee rate',
    isNumber: true,
    cell: ({ fee, virtualSize }) => `${(Number(fee) / virtualSize).toFixed(1)} sat/vB`,
  },
  { name: 'Signed at', isNumber: true, cell: ({ signedAtHeight }) => `${signedAtHeight}` },
];

function settlementTable(settlements: readonly Settlement[]): HTMLElement {
  if (settlements.length === 0) return element('p', {}, 'It has signed no settlement yet.');
  return table('Settlements, the last ones first', SETTLEMENT_COLUMNS, settlements);
}
