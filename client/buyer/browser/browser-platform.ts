import type { Buyer } from '../buyer-context.ts';
import { browserHome } from './browser-home.ts';
import { browserOutputs } from './browser-outputs.ts';

/**
 * What a buyer in a page works with.
 * @param segmentWorker the built segment-worker.ts of this folder
 * @param home the name of its database
 */
export async function browserPlatform(
  segmentWorker: URL,
  home?: string,
): Promise<Pick<Buyer, 'home' | 'outputs'>> {
  return { home: await browserHome(home), outputs: browserOutputs(segmentWorker) };
}
