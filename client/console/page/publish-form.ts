import { formatByteSize } from '../../cli/byte-size.ts';
import { satoshis } from './amounts.ts';
import { byId, element, fill } from './dom.ts';
import { type Publication, send } from './session.ts';

/** Milliseconds between two looks at a publication that runs. */
const LOOK_EVERY = 500;

/** @param onPublished called once something new is for sale */
export function publishForm(onPublished: () => Promise<void>): void {
  const form = byId('publish-form', HTMLFormElement);
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const isTrial = event.submitter instanceof HTMLButtonElement && event.submitter.value === 'try';
    const filled = [...new FormData(form)].filter(([, value]) => value !== '');
    void follow(() => send('publish', { ...Object.fromEntries(filled), dryRun: isTrial }), onPublished);
  });
}

/** Goes on telling of one that was begun before the page was opened. */
export function followPublishing(onPublished: () => Promise<void>): Promise<void> {
  return follow(() => send('publishing'), onPublished);
}

async function follow(begin: () => Promise<Publication>, onPublished: () => Promise<void>): Promise<void> {
  const buttons = [...byId('publish-form', HTMLFormElement).querySelectorAll('button')];
  for (const button of buttons) button.disabled = true;
  try {
    let now = await begin();
    const hasRun = now.state === 'running';
    show(now);
    while (now.state === 'running') {
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY));
      now = await send<Publication>('publishing');
      show(now);
    }
    if (hasRun && now.state === 'done' && now.publication.outcome !== 'dry-run') await onPublished();
  } catch (error) {
    fill(
      'publishing',
      element('p', { class: 'error' }, error instanceof Error ? error.message : String(error)),
    );
  } finally {
    for (const button of buttons) button.disabled = false;
  }
}

function show(now: Publication): void {
  fill('publishing', ...told(now));
}

function told(now: Publication): HTMLElement[] {
  switch (now.state) {
    case 'none':
      return [];
    case 'failed':
      return [element('p', { class: 'error' }, `${now.message} ${now.next}`)];
    case 'done':
      return [element('p', {}, outcome(now.publication))];
    case 'running': {
      const { path, dryRun, done, total } = now;
      const of = total === undefined ? '' : ` of ${formatByteSize(total)}`;
      const sentence = `${path} is being ${dryRun ? 'read' : 'published'}: ${formatByteSize(done)}${of}`;
      const share = total === undefined ? {} : { max: `${total}`, value: `${done}` };
      return [element('p', {}, sentence), element('progress', { 'aria-label': 'Bytes', ...share })];
    }
  }
}

type Done = Extract<Publication, { state: 'done' }>['publication'];

const OUTCOMES: Readonly<Record<Done['outcome'], string>> = {
  published: 'is for sale',
  'already-published': 'was for sale already',
  'price-changed': 'was for sale already; its price is changed',
  'back-on-sale': 'is for sale again',
  'dry-run': 'would be for sale; nothing was uploaded',
};

function outcome({ outcome, name, bytes, chunks, chunkSize, pricePerChunk, note = '' }: Done): string {
  const size = `${formatByteSize(bytes)} in ${chunks} chunks of ${formatByteSize(chunkSize)}`;
  return `${name} ${OUTCOMES[outcome]}: ${size}, ${satoshis(pricePerChunk)} for a full one. ${note}`;
}
