import { type Buyer, recoveryFile } from '../buyer/browser/index.ts';
import { element } from '../console/page/dom.ts';
import { button, buttons, download, paragraph, type View } from './view.ts';

export interface BackupReason {
  readonly heading: string;
  readonly why: string;
}

export const BEFORE_DEPOSIT: BackupReason = {
  heading: 'Save the recovery file',
  why: 'It holds the key to the money that you are about to pay. A browser may forget what it keeps, when its data is cleared for example; with this file you get your money back in any other.',
};

export const BEFORE_FUNDING: BackupReason = {
  heading: 'Save the recovery file once more',
  why: 'Your deposit is here, and the seller has signed your refund. The file now holds that too, so it brings all money back even if this shop disappears. Until you have saved it, your money stays where only your key moves it.',
};

/** Has the person save the recovery file, and choose it again: only a file that is there and whole lets the purchase go on. */
export async function saveRecoveryFile(
  view: View,
  { home }: Buyer,
  name: string,
  reason: BackupReason,
): Promise<void> {
  const bytes = new Uint8Array(await recoveryFile(home));
  await new Promise<void>((resolve) => {
    const choose = element('input', { type: 'file', id: 'recovery-check', accept: '.json' });
    const label = element(
      'label',
      { for: 'recovery-check' },
      '2. Choose the file that was saved, to see that it is there',
    );
    const problem = element('p', { role: 'alert', class: 'bad' });
    choose.addEventListener('change', async () => {
      const [file] = choose.files ?? [];
      if (!file) return;
      if (isSame(new Uint8Array(await file.arrayBuffer()), bytes)) return resolve();
      problem.textContent =
        'That is another file, or an older recovery file. Choose the one that was saved just now.';
      choose.value = '';
    });
    const save = () =>
      download(new Blob([bytes], { type: 'application/json' }), `spillway-recovery-${name}.json`);
    view.panel(
      reason.heading,
      paragraph(reason.why),
      paragraph('Keep it as you keep money: whoever has it can take what is left.'),
      buttons(button('1. Save the file', save, true)),
      element('div', { class: 'field' }, label, choose),
      problem,
    );
    view.say('Waiting for the recovery file. No money moves before.');
  });
}

function isSame(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, index) => byte === other[index]);
}
