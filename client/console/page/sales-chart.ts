import { count, satoshis } from './amounts.ts';
import { element, table } from './dom.ts';
import type { Report } from './session.ts';

type Day = Report['status']['days'][number];

const DAYS = 30;
const DAY_MS = 86_400_000;
const SVG = 'http://www.w3.org/2000/svg';
/** Units of the drawing, stretched to the page's width. */
const [STEP, GAP, HEIGHT] = [10, 2, 100];

/** Bars by day, and the same as a table for whoever reads figures or hears them. */
export function salesChart(days: readonly Day[], now: number): HTMLElement {
  const shown = lastDays(days, now);
  const most = shown.reduce((top, { paid }) => (BigInt(paid) > top ? BigInt(paid) : top), 0n);
  const total = shown.reduce((sum, { paid }) => sum + BigInt(paid), 0n);
  if (total === 0n) return element('p', {}, 'Nothing was sold through channels of the last thirty days.');
  const chunks = shown.reduce((sum, day) => sum + day.chunks, 0);
  const [first, last] = [shown[0]?.day ?? '', shown.at(-1)?.day ?? ''];
  const summary = `${satoshis(`${total}`)} for ${count(chunks, 'chunk')} from ${first} to ${last}, at most ${satoshis(`${most}`)} a day`;
  return element(
    'figure',
    { class: 'chart' },
    element('figcaption', {}, `${summary}.`),
    element('div', { class: 'scale', 'aria-hidden': 'true' }, element('span', {}, satoshis(`${most}`))),
    bars(shown, most, summary),
    element('div', { class: 'scale', 'aria-hidden': 'true' }, first, element('span', {}, last)),
    element(
      'details',
      {},
      element('summary', {}, 'As a table'),
      table(
        'Sales by day',
        [
          { name: 'Day', cell: ({ day }: Day) => day },
          { name: 'Channels', isNumber: true, cell: ({ channels }) => `${channels}` },
          { name: 'Chunks', isNumber: true, cell: (day) => `${day.chunks}` },
          { name: 'Paid', isNumber: true, cell: ({ paid }) => satoshis(paid) },
        ],
        shown.filter((day) => day.chunks > 0).reverse(),
      ),
    ),
  );
}

function lastDays(days: readonly Day[], now: number): Day[] {
  const known = new Map(days.map((each) => [each.day, each]));
  return Array.from({ length: DAYS }, (_, index) => {
    const day = new Date(now - (DAYS - 1 - index) * DAY_MS).toISOString().slice(0, 10);
    return known.get(day) ?? { day, channels: 0, chunks: 0, paid: '0' };
  });
}

function bars(days: readonly Day[], most: bigint, summary: string): SVGElement {
  const drawing = document.createElementNS(SVG, 'svg');
  drawing.setAttribute('viewBox', `0 0 ${DAYS * STEP} ${HEIGHT}`);
  drawing.setAttribute('preserveAspectRatio', 'none');
  drawing.setAttribute('role', 'img');
  drawing.setAttribute('aria-label', summary);
  for (const [index, { day, paid }] of days.entries()) {
    // At least a line, where there was a sale at all.
    const height = paid === '0' ? 0 : Math.max(1, Number((BigInt(paid) * BigInt(HEIGHT)) / most));
    const bar = document.createElementNS(SVG, 'rect');
    const place = { x: index * STEP, y: HEIGHT - height, width: STEP - GAP, height };
    for (const [name, value] of Object.entries(place)) bar.setAttribute(name, `${value}`);
    const title = document.createElementNS(SVG, 'title');
    title.textContent = `${day}: ${satoshis(paid)}`;
    bar.append(title);
    drawing.append(bar);
  }
  return drawing;
}
