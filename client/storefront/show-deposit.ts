import { encode } from 'uqr';
import { groupedText, satoshisText } from '../../shared/pages/amounts.ts';
import type { PurchaseEvent } from '../buyer/browser/index.ts';
import { element } from '../console/page/dom.ts';
import { button, buttons, paragraph, type View } from './view.ts';

type Deposit = Extract<PurchaseEvent, { kind: 'deposit-needed' }>;

/** What readers want around a code. */
const QUIET_ZONE = 4;

/** Where to pay, how much, and a code for the camera of a wallet. */
export function showDeposit(view: View, { address, satoshis, uri }: Deposit): void {
  const copied = element('span', { role: 'status' });
  const copy = (text: string, what: string) => async () => {
    await navigator.clipboard.writeText(text);
    copied.textContent = `${what} copied`;
  };
  view.panel(
    `Pay ${satoshisText(satoshis)}`,
    element(
      'div',
      { class: 'deposit' },
      qrCode(uri, `QR code: pay ${satoshis} satoshis to ${address}`),
      element(
        'div',
        {},
        paragraph('From any wallet, in one payment, to'),
        element('p', {}, element('code', {}, address)),
        buttons(
          button('Copy the address', copy(address, 'Address')),
          button('Copy the amount', copy(satoshis.toString(), 'Amount')),
          element('a', { href: uri, class: 'button' }, 'Open a wallet'),
        ),
        copied,
        paragraph(
          `A little more than the price: it pays the miners too, and what is left comes back. It counts from its first block on, about ten minutes after you pay.`,
        ),
      ),
    ),
  );
  view.say(
    `Waiting for ${groupedText(satoshis)} satoshis at ${address.slice(0, 12)}… You may close this page and come back.`,
  );
}

function qrCode(text: string, label: string): SVGElement {
  const { size, data } = encode(text, { ecc: 'M', border: QUIET_ZONE });
  const dark = data.flatMap((row, y) => row.flatMap((isDark, x) => (isDark ? [`M${x} ${y}h1v1h-1z`] : [])));
  const svg = svgElement('svg', {
    viewBox: `0 0 ${size} ${size}`,
    role: 'img',
    'aria-label': label,
    class: 'qr',
  });
  svg.append(
    svgElement('rect', { width: `${size}`, height: `${size}`, fill: '#fff' }),
    svgElement('path', { d: dark.join(''), fill: '#000' }),
  );
  return svg;
}

function svgElement(name: string, attributes: Readonly<Record<string, string>>): SVGElement {
  const made = document.createElementNS('http://www.w3.org/2000/svg', name);
  for (const [attribute, value] of Object.entries(attributes)) made.setAttribute(attribute, value);
  return made as SVGElement;
}
