import { BuyerError } from './errors.ts';

/** The link to a chunk that is in use now. */
export interface RenewableLink {
  current(): Promise<string>;
  /** Asks for a new link, once for all transfers that find the same one ended. */
  renew(ended: string): void;
  /** Something came by a link. */
  worked(): void;
}

/** Links that may be refused in a row: fewer than a shop gives for an unpaid chunk. */
const MAX_RENEWALS = 4;

/** @param ask for the link there is, or with `true` for a new one; `current` throws what it throws */
export function renewableLink(ask: (renew: boolean) => Promise<string>): RenewableLink {
  let url = ask(false);
  // It is awaited by whoever needs it; until then a failure must not count as nobody's.
  url.catch(() => undefined);
  let last: string | undefined;
  let renewals = 0;
  return {
    async current() {
      last = await url;
      return last;
    },
    renew(ended) {
      if (ended !== last) return;
      renewals += 1;
      last = undefined;
      url =
        renewals > MAX_RENEWALS
          ? Promise.reject(new BuyerError('bad-data', 'The object store refuses one link after another.'))
          : ask(true);
      url.catch(() => undefined);
    },
    worked() {
      renewals = 0;
    },
  };
}
