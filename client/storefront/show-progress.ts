import { countText, groupedText, satoshisText, sizeText } from '../../shared/pages/amounts.ts';
import type { PurchaseEvent } from '../buyer/browser/index.ts';
import { element } from '../console/page/dom.ts';
import { button, buttons, type View } from './view.ts';

/** Milliseconds over which the rate is an average. */
const RATE_WINDOW = 5_000;

/** Bytes, rate and money while the data comes. */
export interface ProgressPanel {
  take(event: PurchaseEvent): void;
}

export function progressPanel(view: View, price: bigint, onPause: () => void): ProgressPanel {
  const bar = element('progress', {
    'aria-label': 'Data that arrived and was checked',
    max: '1',
    value: '0',
  });
  const bytes = element('dd', {}, '');
  const rate = element('dd', {}, '');
  const money = element('dd', {}, `0 of ${satoshisText(price)}`);
  const samples: { at: number; done: number }[] = [];
  let isShown = false;
  const show = () => {
    if (isShown) return;
    isShown = true;
    const row = (name: string, value: HTMLElement) => element('div', {}, element('dt', {}, name), value);
    view.say('The data is coming.');
    view.panel(
      'Receiving',
      bar,
      element('dl', { class: 'facts wide' }, row('Arrived', bytes), row('Rate', rate), row('Spent', money)),
      buttons(button('Pause', onPause)),
    );
  };
  return {
    take(event) {
      if (event.kind === 'bytes') {
        show();
        const { done, total } = event;
        bar.max = total;
        bar.value = done;
        bytes.textContent = `${sizeText(done)} of ${sizeText(total)}`;
        rate.textContent = `${sizeText(rateOf(samples, done))} a second`;
      }
      if (event.kind === 'chunk-paid') {
        show();
        const { chunk, chunks, paid } = event;
        money.textContent = `${groupedText(paid)} of ${satoshisText(price)}`;
        view.say(`Part ${chunk + 1} of ${countText(chunks, 'part')} is checked and paid.`);
      }
    },
  };
}

function rateOf(samples: { at: number; done: number }[], done: number): number {
  const now = performance.now();
  samples.push({ at: now, done });
  while (samples.length > 2 && now - (samples[0]?.at ?? now) > RATE_WINDOW) samples.shift();
  const [first] = samples;
  if (!first || now === first.at) return 0;
  return Math.round(((done - first.done) * 1000) / (now - first.at));
}
