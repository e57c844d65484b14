import type { Buyer } from '../buyer/buyer-context.ts';

/** What the SDK works with where it runs: Node, or a browser's page. */
export interface SdkPlatform {
  readonly fetch: typeof globalThis.fetch;
  /** @param home as `BuyerOptions` names it */
  open(home: string | undefined): Promise<Pick<Buyer, 'home' | 'outputs'>>;
}

let chosen: SdkPlatform | undefined;

/** Called once by the entry that the package's user got. */
export function runOn(platform: SdkPlatform): void {
  chosen = platform;
}

export function platform(): SdkPlatform {
  if (!chosen) throw new Error('no entry of the SDK was loaded');
  return chosen;
}
