import { byId, element, fill } from './dom.ts';

/** A question before something is changed. */
export interface Question {
  readonly title: string;
  readonly text: string;
  /** What the button says that does it. */
  readonly yes: string;
  /** A field to fill in, for satoshis. */
  readonly field?: { readonly label: string; readonly value: string; readonly hint: string };
  /** Rejects where it could not be done: the question stays open and says why. */
  readonly act: (answer: string) => Promise<void>;
}

/** Asks in the page's one dialog; whoever leaves it changes nothing. */
export function ask({ title, text, yes, field, act }: Question): void {
  const dialog = byId('dialog', HTMLDialogElement);
  const form = byId('dialog-form', HTMLFormElement);
  const button = byId('dialog-yes', HTMLButtonElement);
  const input =
    field &&
    element('input', {
      id: 'dialog-field',
      inputmode: 'numeric',
      pattern: '[1-9][0-9]{0,15}',
      required: '',
      value: field.value,
      'aria-describedby': 'dialog-hint',
    });
  fill('dialog-title', title);
  fill('dialog-error');
  fill(
    'dialog-body',
    element('p', {}, text),
    ...(field && input
      ? [
          element('label', { for: 'dialog-field' }, field.label),
          input,
          element('p', { id: 'dialog-hint', class: 'hint' }, field.hint),
        ]
      : []),
  );
  button.textContent = yes;
  byId('dialog-no', HTMLButtonElement).onclick = () => dialog.close();
  form.onsubmit = (event) => {
    event.preventDefault();
    button.disabled = true;
    act(input?.value ?? '')
      .then(
        () => dialog.close(),
        (error: unknown) => fill('dialog-error', error instanceof Error ? error.message : String(error)),
      )
      .finally(() => {
        button.disabled = false;
      });
  };
  const opener = document.activeElement?.getAttribute('aria-label') ?? '';
  dialog.onclose = () => focusAgain(opener);
  dialog.showModal();
  // So that a new figure takes the old one's place instead of standing before it.
  input?.select();
}

/** What was asked from may be another element by now, or none. */
function focusAgain(label: string): void {
  const found = document.querySelector(`[aria-label="${CSS.escape(label)}"]`);
  (found instanceof HTMLElement ? found : byId('main', HTMLElement)).focus();
}
