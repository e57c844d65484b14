import { type Buyer, restoreRecoveryFile } from '../buyer/browser/index.ts';
import { element } from '../console/page/dom.ts';

/** Takes a recovery file from another browser, or from before this one forgot. */
export function restoreField(openBuyer: () => Promise<Buyer>, onRestored: () => void): HTMLElement {
  const choose = element('input', { type: 'file', id: 'recovery-restore', accept: '.json' });
  const problem = element('p', { role: 'alert', class: 'bad' });
  choose.addEventListener('change', async () => {
    const [file] = choose.files ?? [];
    if (!file) return;
    try {
      const { home } = await openBuyer();
      await restoreRecoveryFile(home, new Uint8Array(await file.arrayBuffer()));
      onRestored();
    } catch (error) {
      problem.textContent = error instanceof Error ? error.message : String(error);
    }
  });
  return element(
    'details',
    {},
    element('summary', {}, 'I have a recovery file'),
    element(
      'div',
      { class: 'field' },
      element(
        'label',
        { for: 'recovery-restore' },
        'Go on here, or take money back, with the file that was saved before paying',
      ),
      choose,
    ),
    problem,
  );
}
