import type { Manifest } from '../../shared/dataset/manifest.ts';
import type { Outputs } from './outputs.ts';
import type { PurchaseJournal } from './purchase-journal.ts';
import type { PurchaseState } from './purchase-state.ts';
import { selectFiles } from './selection.ts';

/** Which files a person asked for so far, in this run or in earlier ones: what came of them stays. */
export function askedFiles(manifest: Manifest, state: PurchaseState): (file: number) => boolean {
  if (isAllAsked(state)) return () => true;
  const parts = state.asked.map((only) => selectFiles(manifest, only).isWanted);
  return (file) => parts.some((isWanted) => isWanted(file));
}

/**
 * Remembers what is asked for now.
 * @throws BuyerError usage where a file that was not asked for before is there already
 */
export async function noteAsked(
  { journal, outputs }: { readonly journal: PurchaseJournal; readonly outputs: Outputs },
  manifest: Manifest,
  output: string,
  only: readonly string[] | undefined,
): Promise<void> {
  const state = journal.state();
  const isPlain = only === undefined && state.asked.length === 0;
  if (isPlain || isAllAsked(state)) return;
  const text = JSON.stringify(only ?? []);
  if (state.asked.some((part) => JSON.stringify(part) === text)) return;
  const [before, { isWanted }] = [askedFiles(manifest, state), selectFiles(manifest, only)];
  await outputs.refuseOverwriting(
    output,
    manifest.files.filter((_, file) => isWanted(file) && !before(file)),
  );
  await journal.append({ v: 1, record: 'asked', only: [...(only ?? [])] });
}

function isAllAsked({ plan, asked }: PurchaseState): boolean {
  return (plan !== undefined && asked.length === 0) || asked.some((only) => only.length === 0);
}
