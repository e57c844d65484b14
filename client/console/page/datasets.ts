import { satoshis } from './amounts.ts';
import { ask } from './ask.ts';
import { type Column, element, fill, table } from './dom.ts';
import { type Report, send } from './session.ts';

type Dataset = Report['status']['datasets'][number];
type Prices = Report['status']['prices'];

/** @param onChanged told in words what was changed */
export function showDatasets({ status }: Report, onChanged: (what: string) => Promise<void>): void {
  const { datasets, prices } = status;
  const columns: readonly Column<Dataset>[] = [
    { name: 'Dataset', cell: ({ name }) => name },
    { name: 'For sale', cell: ({ forSale }) => (forSale ? 'yes' : 'no') },
    { name: 'Full chunk', isNumber: true, cell: ({ pricePerChunk }) => satoshis(pricePerChunk) },
    { name: 'Chunks', isNumber: true, cell: ({ chunks }) => `${chunks}` },
    { name: 'Chunks sold', isNumber: true, cell: ({ sold }) => `${sold.chunks}` },
    { name: 'Settled', isNumber: true, cell: ({ sold }) => satoshis(sold.settled) },
    { name: 'Not settled', isNumber: true, cell: ({ sold }) => satoshis(sold.unsettled) },
    { name: 'Change', cell: (dataset) => buttons(dataset, prices, onChanged) },
  ];
  const none = element('p', {}, 'Nothing is for sale yet.');
  fill('dataset-table', datasets.length === 0 ? none : table('Datasets', columns, datasets));
}

function buttons(
  dataset: Dataset,
  prices: Prices,
  onChanged: (what: string) => Promise<void>,
): HTMLElement | string {
  const { name, manifest, forSale } = dataset;
  if (!forSale) return 'Publish it again to sell it';
  const price = element('button', { type: 'button', 'aria-label': `Price of ${name}` }, 'Price');
  price.onclick = () => askPrice(dataset, prices, onChanged);
  const off = element('button', { type: 'button', 'aria-label': `Take ${name} off sale` }, 'Off sale');
  off.onclick = () =>
    ask({
      title: `Take ${name} off sale?`,
      text: 'It opens channels for an hour more. Open channels go on to their end, and its objects stay, so that what was sold can be fetched.',
      yes: 'Take off sale',
      act: async () => {
        const { note = '' } = await send<{ note?: string }>('unpublish', { dataset: manifest });
        await onChanged(`${name} is off sale. ${note}`);
      },
    });
  return element('div', { class: 'buttons' }, price, off);
}

function askPrice(
  { name, manifest, pricePerChunk }: Dataset,
  { least, most }: Prices,
  onChanged: (what: string) => Promise<void>,
): void {
  ask({
    title: `Price of ${name}`,
    text: 'The old price opens channels for an hour more; channels keep the price that they were opened at.',
    yes: 'Change the price',
    field: {
      label: 'Satoshis for a full chunk',
      value: pricePerChunk,
      hint: `From ${satoshis(least)} to ${satoshis(most)} by the shop’s policy.`,
    },
    act: async (price) => {
      const change = { dataset: manifest, pricePerChunk: price };
      const { note = '' } = await send<{ note?: string }>('price', change);
      await onChanged(`A full chunk of ${name} costs ${satoshis(price)} now. ${note}`);
    },
  });
}
