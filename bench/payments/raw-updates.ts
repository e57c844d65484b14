import type { PayingChannel } from './channels.ts';
import type { Server } from './servers.ts';

/** What `raw-process.ts` is asked for. */
export interface RawUpdates {
  readonly ids: readonly string[];
  /** Updates of each channel that were made before, and that will have been made. */
  readonly from: number;
  readonly to: number;
}

/**
 * The store alone: the very conditional writes that payments make, and nothing else, as many at once as there are channels, from as
 * many processes as the shop has.
 */
export async function rawUpdates(
  writers: readonly Server[],
  channels: readonly PayingChannel[],
  { from, to }: { readonly from: number; readonly to: number },
): Promise<void> {
  await Promise.all(
    writers.map(async ({ url }, writer) => {
      const ids = channels.filter((_, index) => index % writers.length === writer).map(({ id }) => id);
      const updates: RawUpdates = { ids, from, to };
      const { ok } = await fetch(url, { method: 'POST', body: JSON.stringify(updates) });
      if (!ok) throw new Error('an update was refused');
    }),
  );
}
