import type { Manifest } from '../../shared/dataset/manifest.ts';
import { countText, sizeText } from '../../shared/pages/amounts.ts';
import type { Buyer } from '../buyer/browser/index.ts';
import { makeReceipts } from '../buyer/make-receipt.ts';
import { element } from '../console/page/dom.ts';
import { canWriteFolders, saveFile, saveIntoFolder } from './save-files.ts';
import { button, buttons, download, paragraph, type View } from './view.ts';

export interface Bought {
  readonly purchase: string;
  readonly manifestId: string;
  readonly manifest: Manifest;
}

/** Files that are handed out one by one; a person with more takes a browser that writes folders, or the command line. */
const MOST_SINGLE_FILES = 200;

/** The data is here: how to take it out, the receipt, and the money that is left. */
export function showBought(
  view: View,
  buyer: Buyer,
  bought: Bought,
  { getAgain, takeBack }: { readonly getAgain: () => void; readonly takeBack: () => void },
): void {
  const { manifestId, manifest, purchase } = bought;
  const { files } = manifest;
  const failed = (error: unknown) =>
    view.say(`Not saved: ${error instanceof Error ? error.message : String(error)}`);
  const saveAll = async () => {
    const isSaved = await saveIntoFolder(manifestId, manifest, (index) =>
      view.say(`Saving file ${index + 1} of ${files.length}: ${files[index]?.path ?? ''}`),
    );
    if (isSaved) view.say(`All of it is saved: ${countText(files.length, 'file')}.`);
  };
  const saveReceipt = async () => {
    for (const { receipt } of await makeReceipts(buyer, purchase)) {
      download(
        new Blob([JSON.stringify(receipt)], { type: 'application/json' }),
        `spillway-receipt-${purchase}.json`,
      );
    }
  };
  const single = files.slice(0, MOST_SINGLE_FILES).map(({ path, size }, index) =>
    element(
      'li',
      {},
      `${path} (${sizeText(size)}) `,
      button(`Save ${path}`, () => void saveFile(manifestId, manifest, index).catch(failed)),
    ),
  );
  view.panel(
    'It is yours',
    paragraph(
      `${sizeText(manifest.totalSize)}, every part checked against the seller's signed list. It is in this browser's own storage; save it where you want it. Should the browser have cleared it, get it again: that costs nothing.`,
    ),
    buttons(
      ...(canWriteFolders() ? [button('Save into a folder', () => void saveAll().catch(failed), true)] : []),
      button('Save the receipt', () => void saveReceipt().catch(failed)),
      button('Money that is left', takeBack),
      button('Get it again', getAgain),
    ),
    element('ul', { class: 'files' }, ...single),
  );
  view.say(`Bought and checked: ${countText(files.length, 'file')}.`);
}
