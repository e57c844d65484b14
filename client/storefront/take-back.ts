import { satoshisText } from '../../shared/pages/amounts.ts';
import type { PurchaseData } from '../../shared/pages/purchase-data.ts';
import { type Buyer, openWallet, refund } from '../buyer/browser/index.ts';
import { balance } from '../buyer/deposit.ts';
import type { RefundReport } from '../buyer/refund.ts';
import { sendCoins } from '../buyer/send-coins.ts';
import { element } from '../console/page/dom.ts';
import { button, buttons, facts, paragraph, type View } from './view.ts';

/** Ends channels, broadcasts what refunds are due, and offers to send what is in the wallet to another address. */
export async function takeMoneyBack(
  view: View,
  data: PurchaseData,
  buyer: Buyer,
  back: () => void,
): Promise<void> {
  view.panel('Taking the money back', paragraph('Asking the shop and the chain…'));
  const reports = await refund(buyer, { cancel: true });
  const wallet = await openWallet(buyer.home, data.network);
  const held = await balance(wallet, buyer.chain);
  const lines = reports.map((report): [string, string] => [
    `Channel of ${satoshisText(report.capacity)}`,
    standing(report),
  ]);
  view.panel(
    'Your money',
    ...(lines.length === 0 ? [paragraph('No channel holds any of it.')] : [facts(lines)]),
    facts([['In this wallet', satoshisText(held)]]),
    ...(held > 0n ? [sendForm(view, data, buyer, back)] : []),
    buttons(
      button('Look again', () => void takeMoneyBack(view, data, buyer, back)),
      button('Back', back),
    ),
  );
  view.say(
    held > 0n
      ? `${satoshisText(held)} can be sent where you want.`
      : 'There is nothing to send at the moment.',
  );
}

function standing({ status }: RefundReport): string {
  switch (status.kind) {
    case 'ended':
      return `settled; ${satoshisText(status.returned)} came back to this wallet`;
    case 'moving':
      return 'on its way: a transaction that moves it waits for a block';
    case 'waiting':
      return `comes back from block ${status.refundHeight} on, in ${status.blocks} blocks; the shop may settle before`;
    case 'unfunded':
      return 'was never funded: there is nothing in it';
    case 'sent':
      return `the refund is sent: ${satoshisText(status.returned)} come back with its next block`;
    case 'failed':
      return `not yet: ${status.reason}`;
  }
}

function sendForm(view: View, data: PurchaseData, buyer: Buyer, back: () => void): HTMLElement {
  const address = element('input', { id: 'send-address', autocomplete: 'off', spellcheck: 'false' });
  const problem = element('p', { role: 'alert', class: 'bad' });
  const send = async () => {
    problem.textContent = '';
    try {
      const wallet = await openWallet(buyer.home, data.network);
      const confirm = (payment: { satoshis: bigint; fee: bigint }) =>
        askPayment(view, payment, address.value);
      const { satoshis, txid } = await sendCoins(buyer, wallet, {
        address: address.value.trim(),
        satoshis: 'all',
        confirm,
      });
      view.panel(
        'Sent',
        paragraph(`${satoshisText(satoshis)} are on their way in transaction `, element('code', {}, txid)),
        buttons(button('Back', back)),
      );
      view.say('Sent. It arrives with its first block.');
    } catch (error) {
      problem.textContent = error instanceof Error ? error.message : String(error);
      if (!problem.isConnected) void takeMoneyBack(view, data, buyer, back);
    }
  };
  return element(
    'div',
    { class: 'field' },
    element('label', { for: 'send-address' }, 'Send all of it to an address of yours'),
    address,
    buttons(button('Send', () => void send(), true)),
    problem,
  );
}

function askPayment(
  view: View,
  { satoshis, fee }: { satoshis: bigint; fee: bigint },
  address: string,
): Promise<boolean> {
  return new Promise((resolve) => {
    view.panel(
      'Send it?',
      facts([
        ['To', address],
        ['Arrives', satoshisText(satoshis)],
        ['Fee', satoshisText(fee)],
      ]),
      buttons(
        button('Send it', () => resolve(true), true),
        button('Not now', () => resolve(false)),
      ),
    );
  });
}
