import { chainFrom } from '../../shared/chain/chain-sources.ts';
import { systemClock } from '../../shared/clock.ts';
import { chainAddresses } from '../../shared/config.ts';
import type { Buyer } from '../buyer/buyer-context.ts';
import { BuyerError } from '../buyer/errors.ts';
import { patientChain } from '../buyer/patient-chain.ts';
import { PATIENT } from '../buyer/retry.ts';
import { platform } from './platform.ts';

/** Who buys: where the keys are, and which chain is believed. */
export interface BuyerOptions {
  /**
   * Your own chain sources, separated by spaces: `http://user:password@host:port` is a Bitcoin Core, `esplora+https://host/path` an
   * Esplora server. Several must agree. A shop is never asked about the chain.
   */
  readonly chain: string;
  /**
   * Where wallet and journals are: on Node a folder, by default `SPILLWAY_HOME` or the folder that the command line uses; in a
   * browser the name of a database. It holds keys: back it up.
   */
  readonly home?: string;
  /** Milliseconds between two looks at the chain or the shop while waiting; 2,000 by default. */
  readonly pollInterval?: number;
}

const POLL_INTERVAL = 2_000;

/** @throws BuyerError usage where the chain is no address */
export async function openBuyer(options: BuyerOptions, signal?: AbortSignal): Promise<Buyer> {
  const addresses = chainAddresses(options.chain);
  if (!addresses) {
    throw new BuyerError('usage', 'The chain address is not a URL.', {
      next: 'Give http://user:password@host:port of a Bitcoin Core, or esplora+https://host/path.',
    });
  }
  const { fetch, open } = platform();
  // Whether sources disagree shows in what is thrown.
  const chain = chainFrom(addresses, () => undefined, fetch);
  return {
    ...(await open(options.home)),
    chain: patientChain(chain, signal),
    clock: systemClock,
    pollInterval: options.pollInterval ?? POLL_INTERVAL,
    retry: PATIENT,
    fetch,
    ...(signal && { signal }),
  };
}
