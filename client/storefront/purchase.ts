import {
  type Buyer,
  BuyerError,
  buy,
  listPurchases,
  openWallet,
  type PurchaseEvent,
} from '../buyer/browser/index.ts';
import { byId } from '../console/page/dom.ts';
import { askPlan } from './ask-plan.ts';
import { BEFORE_DEPOSIT, BEFORE_FUNDING, saveRecoveryFile } from './backup.ts';
import { missingAbility, openBuyer, readPurchaseData } from './page-context.ts';
import { restoreField } from './restore.ts';
import { showBought } from './show-bought.ts';
import { showDeposit } from './show-deposit.ts';
import { showError } from './show-error.ts';
import { progressPanel } from './show-progress.ts';
import { takeMoneyBack } from './take-back.ts';
import { button, buttons, paragraph, purchaseView, type View } from './view.ts';

/** A dataset's page: from the offer to the data, and back to the money that is left. */

const data = readPurchaseData();
const view = purchaseView(byId('purchase', HTMLElement));
let stop = new AbortController();
let isUnderWay = false;

window.addEventListener('beforeunload', (event) => {
  if (isUnderWay) event.preventDefault();
});

function buyer(): Promise<Buyer> {
  // A pause stops what was under way, not what comes after it.
  if (stop.signal.aborted) stop = new AbortController();
  return openBuyer(data, stop.signal);
}
const start = () => void shown(begin);
const goOn = () => void shown(purchase);
const takeBack = () => void shown(async () => takeMoneyBack(view, data, await buyer(), start));
start();

/** Runs a part of the page; whatever stops it is shown with what to do next. */
async function shown(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof BuyerError)) console.error(error);
    showError(view, error, { goOn, takeBack });
  }
}

async function begin(): Promise<void> {
  const missing = missingAbility();
  if (missing !== undefined) {
    view.panel(
      'Buying in the browser does not work here',
      paragraph(`The reason: ${missing}. The command line below does.`),
    );
    return;
  }
  const current = await buyer();
  const found = (await listPurchases(current.home)).find(
    ({ state }) => state.plan?.manifest === data.manifest,
  );
  if (found?.state.complete && found.manifest) {
    const bought = { purchase: found.id, manifestId: data.manifest, manifest: found.manifest };
    return showBought(view, current, bought, { getAgain: goOn, takeBack });
  }
  if (found?.state.plan) return offerToGoOn(found.state.verified.size, found.manifest?.chunks.length ?? 0);
  if (!data.isForSale) return view.panel('Not for sale', restoreField(buyer, start));
  view.panel(
    'In this browser',
    paragraph(
      'No account. You see what it costs, pay from any wallet, and the data comes part by part, each checked before it is paid for.',
    ),
    buttons(button('Buy', goOn, true)),
    restoreField(buyer, start),
  );
}

function offerToGoOn(verified: number, parts: number): void {
  view.panel(
    'You began to buy this',
    paragraph(`${verified} of ${parts} parts are here. Going on pays nothing twice.`),
    buttons(button('Go on', goOn, true), button('Take the money back', takeBack)),
  );
}

async function purchase(): Promise<void> {
  if (isUnderWay) return;
  isUnderWay = true;
  view.panel('One moment', paragraph('Asking the shop for its terms and its signed list of parts…'));
  try {
    const current = await buyer();
    await keepStorage();
    const result = await buy(
      current,
      {
        shopUrl: data.shopUrl,
        dataset: data.manifest,
        confirm: async (plan) => {
          if (!(await askPlan(view, plan))) return false;
          // The words are made now, so that the file holds them before anybody can pay to them.
          await openWallet(current.home, data.network);
          await saveRecoveryFile(view, current, data.name, BEFORE_DEPOSIT);
          return true;
        },
        beforeFunding: () => saveRecoveryFile(view, current, data.name, BEFORE_FUNDING),
      },
      reporter(view),
    );
    const found = (await listPurchases(current.home)).find(({ id }) => id === result.purchase);
    if (!found?.manifest) throw new Error('the manifest of what was bought is gone');
    const bought = { purchase: found.id, manifestId: data.manifest, manifest: found.manifest };
    showBought(view, current, bought, { getAgain: goOn, takeBack });
  } catch (error) {
    if (error instanceof BuyerError && error.message === 'Not bought.') return begin();
    throw error;
  } finally {
    isUnderWay = false;
  }
}

/** Asks the browser not to clear the site's data by itself when the disk gets full; it may say no. */
async function keepStorage(): Promise<void> {
  await navigator.storage.persist();
}

function reporter(into: View): (event: PurchaseEvent) => void {
  const pause = () => stop.abort();
  let progress = progressPanel(into, 0n, pause);
  let isWaiting = false;
  return (event) => {
    switch (event.kind) {
      case 'planned':
        progress = progressPanel(into, event.price, pause);
        return into.say('Looking at your wallet…');
      case 'deposit-needed':
        return showDeposit(into, event);
      case 'channel-opened':
        return into.say('The deposit is here. The seller signs your refund…');
      case 'funding-sent':
      case 'confirmations':
        // Only the second comes where an earlier run has sent it.
        if (!isWaiting) showWaiting(into, pause);
        isWaiting = true;
        return into.say(waitingText(event));
      default:
        progress.take(event);
    }
  };
}

function showWaiting(into: View, pause: () => void): void {
  into.panel(
    'Waiting for the chain',
    paragraph(
      'The data begins to come once the channel’s transaction is in a block. You may close this page and come back.',
    ),
    buttons(button('Pause', pause)),
  );
}

function waitingText(event: Extract<PurchaseEvent, { kind: 'funding-sent' | 'confirmations' }>): string {
  if (event.kind === 'funding-sent') return 'The channel’s transaction is sent.';
  return event.need === undefined
    ? 'Waiting for its first block…'
    : `It has ${event.have} of ${event.need} blocks.`;
}
