import { knownFailure } from '../buyer/known-failure.ts';

/** Whatever stops the work comes as a BuyerError, but for a fault of the program. */
export async function withKnownFailures<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw knownFailure(error) ?? error;
  }
}
