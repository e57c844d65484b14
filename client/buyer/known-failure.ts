import { ChainUnavailable } from '../../shared/chain/chain.ts';
import { BuyerError, systemCode } from './errors.ts';

/** File system errors that mean: the disk, not the program. */
const DISK_ERRORS = new Set([
  'ENOSPC',
  'EDQUOT',
  'EROFS',
  'EACCES',
  'EPERM',
  'EIO',
  'EFBIG',
  'ENAMETOOLONG',
  'EMFILE',
  'ENOENT',
  'EISDIR',
]);

/** What stopped a purchase, as an error of its own: one of the chain source or of the disk becomes one; a fault of the program is none. */
export function knownFailure(error: unknown): BuyerError | undefined {
  if (error instanceof BuyerError) return error;
  if (error instanceof ChainUnavailable) {
    return new BuyerError('chain-unavailable', `The chain source does not answer: ${error.message}`, {
      next: 'Check --chain and the node, then run the same command again.',
      cause: error,
    });
  }
  if (error instanceof Error && DISK_ERRORS.has(systemCode(error) ?? '')) {
    return new BuyerError('disk', error.message, {
      money: 'Nothing is paid for what is not on the disk, and what is paid is recorded.',
      next: 'Make room or change the rights, then run the command again.',
      cause: error,
    });
  }
  return undefined;
}
