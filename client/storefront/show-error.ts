import { BuyerError } from '../buyer/browser/index.ts';
import { button, buttons, paragraph, type View } from './view.ts';

export interface ErrorActions {
  readonly goOn: () => void;
  readonly takeBack: () => void;
}

/** What happened, where the money is, and what to do next. */
export function showError(view: View, error: unknown, { goOn, takeBack }: ErrorActions): void {
  const known = error instanceof BuyerError ? error : undefined;
  const isPause = known?.code === 'interrupted';
  const message = error instanceof Error ? error.message : String(error);
  view.panel(
    isPause ? 'Paused' : 'It stopped',
    ...(isPause ? [] : [paragraph(message)]),
    paragraph(moneyOf(known)),
    ...(known?.next === undefined || isPause ? [] : [paragraph(inPage(known.next))]),
    buttons(button('Go on', goOn, true), button('Take the money back', takeBack)),
  );
  view.say(isPause ? 'Paused. Nothing is lost.' : `It stopped: ${message}`);
}

function moneyOf(error: BuyerError | undefined): string {
  if (error?.money !== undefined) return error.money;
  return 'Your money is safe: what is in the wallet is moved by your key alone, what is in a channel comes back by the signed refund, and nothing is paid twice.';
}

/** Advice is written for the command line. */
function inPage(next: string): string {
  return next
    .replace(/Run the (same )?command again/g, 'Press “Go on”')
    .replace(/`spillway refund`/g, '“Take the money back”');
}
