import { showChannels } from './channels.ts';
import { showDatasets } from './datasets.ts';
import { byId, fill } from './dom.ts';
import { showOverview } from './overview.ts';
import { followPublishing, publishForm } from './publish-form.ts';
import { openSession, type Report, send } from './session.ts';

const refresh = byId('refresh', HTMLButtonElement);

/** @param said why it is read again */
async function read(said = ''): Promise<void> {
  refresh.disabled = true;
  try {
    const report = await send<Report>('report');
    showOverview(report, Date.now());
    showDatasets(report, read);
    showChannels(report);
    byId('main', HTMLElement).hidden = false;
    fill('said', said);
  } catch (error) {
    fill('said', error instanceof Error ? error.message : String(error));
  } finally {
    refresh.disabled = false;
  }
}

refresh.addEventListener('click', () => void read('Read again.'));
publishForm(() => read('It is for sale.'));
try {
  await openSession();
  await read();
  await followPublishing(() => read('It is for sale.'));
} catch (error) {
  fill('place', error instanceof Error ? error.message : String(error));
}
