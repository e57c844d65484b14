import { count, satoshis, shortId } from './amounts.ts';
import { byId, type Column, element, figures, fill, table } from './dom.ts';
import type { Report } from './session.ts';

type Channel = Report['channels']['channels'][number];

const COLUMNS: readonly Column<Channel>[] = [
  { name: 'Channel', cell: ({ channelId }) => element('code', { title: channelId }, shortId(channelId)) },
  { name: 'Dataset', cell: ({ dataset, manifest }) => dataset ?? shortId(manifest) },
  { name: 'State', cell: ({ state }) => state },
  { name: 'Chunks paid', isNumber: true, cell: ({ paid, count: all }) => `${paid} of ${all}` },
  { name: 'Paid', isNumber: true, cell: ({ paidSatoshis }) => satoshis(paidSatoshis) },
  {
    name: 'Blocks to the refund',
    isNumber: true,
    cell: blocksLeft,
  },
  { name: 'Funding', cell: ({ fundingTxid }) => transaction(fundingTxid) },
  { name: 'Settlement', cell: ({ spend, settlementTxid }) => transaction(spend?.txid ?? settlementTxid) },
];

/** Channels by state, and one line for each of those that are chosen, the nearest deadline first. */
export function showChannels({ status, channels }: Report): void {
  const choice = byId('state', HTMLSelectElement);
  const chosen = choice.value;
  const states = Object.entries(status.channels).filter(([, number]) => number > 0);
  fill(
    'channel-counts',
    element(
      'dl',
      { class: 'figures' },
      ...figures(states.map(([name, number]) => ({ name, value: `${number}` }))),
    ),
  );
  const option = (value: string, text: string) => element('option', { value }, text);
  choice.replaceChildren(option('', 'all states'), ...states.map(([state]) => option(state, state)));
  choice.value = states.some(([state]) => state === chosen) ? chosen : '';
  const show = () => {
    const wanted = choice.value;
    const rows = channels.channels.filter(({ state }) => wanted === '' || state === wanted);
    const more =
      channels.more > 0 ? [`${count(channels.more, 'more channel')} by: spillway shop channels --limit`] : [];
    fill(
      'channel-table',
      rows.length === 0 ? element('p', {}, 'There is none.') : table('Channels', COLUMNS, rows),
      ...more.map((text) => element('p', { class: 'quiet' }, text)),
    );
  };
  choice.onchange = show;
  show();
}

/** Once a channel is over, nothing of it is due any more. */
function blocksLeft({ state, blocks }: Channel): string {
  const isOver = ['SETTLED', 'CANCELLED', 'REFUSED', 'EXPIRED'].includes(state);
  return isOver || blocks === undefined ? '–' : `${blocks}`;
}

function transaction(txid: string | undefined): HTMLElement | string {
  return txid === undefined ? '–' : element('code', { title: txid }, shortId(txid));
}
