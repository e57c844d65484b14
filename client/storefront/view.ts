import { element } from '../console/page/dom.ts';

type Child = Node | string;

/** The part of the page in which the purchase goes on: one panel at a time, and a line that is read aloud when it changes. */
export interface View {
  /** Shows a panel. Focus goes to its heading, so that nobody is left on a button that is gone. */
  panel(heading: string, ...children: readonly Child[]): void;
  /** Says where things are. */
  say(text: string): void;
}

export function purchaseView(section: HTMLElement): View {
  const status = element('p', { role: 'status', 'aria-live': 'polite', class: 'status' });
  const place = element('div', { class: 'panel' });
  section.append(place, status);
  let isFirst = true;
  return {
    panel(heading, ...children) {
      const title = element('h3', { tabindex: '-1' }, heading);
      place.replaceChildren(title, ...children);
      if (!isFirst) title.focus();
      isFirst = false;
    },
    say(text) {
      if (status.textContent !== text) status.textContent = text;
    },
  };
}

export function paragraph(...children: readonly Child[]): HTMLElement {
  return element('p', {}, ...children);
}

export function button(text: string, onClick: () => void, isMain = false): HTMLButtonElement {
  const made = element('button', { type: 'button', ...(isMain && { class: 'main' }) }, text);
  made.addEventListener('click', onClick);
  return made;
}

export function buttons(...children: readonly HTMLElement[]): HTMLElement {
  return element('p', { class: 'buttons' }, ...children);
}

/** Names and what they are. */
export function facts(list: readonly (readonly [name: string, value: string])[]): HTMLElement {
  const rows = list.map(([name, value]) =>
    element('div', {}, element('dt', {}, name), element('dd', {}, value)),
  );
  return element('dl', { class: 'facts wide' }, ...rows);
}

/** Has the browser save something under a name. */
export function download(content: Blob, name: string): void {
  const url = URL.createObjectURL(content);
  const link = element('a', { href: url, download: name });
  link.click();
  // Long enough for the browser to begin.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
