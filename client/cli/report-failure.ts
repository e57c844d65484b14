import { ChainUnavailable } from '../../shared/chain/chain.ts';
import { BuyerError, type BuyerErrorCode, ShopProblem, systemCode } from '../buyer/errors.ts';
import { SellerError } from '../seller/seller-error.ts';
import { exitCodeOf, FAULT_EXIT } from './exit-codes.ts';

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

/** What became of the money, where the error does not say it itself: true of every error of that name. */
const MONEY: Partial<Readonly<Record<BuyerErrorCode, string>>> = {
  'funds-needed': 'Nothing new was bound.',
  'limit-exceeded': 'Nothing new was bound.',
  'shop-unreachable': 'No money is lost by that: what is bound stays refundable, what is paid is recorded.',
  'chain-unavailable': 'No money is lost by that: what is bound stays refundable, what is paid is recorded.',
  'bad-data': 'It is not paid for, unless it was paid ahead.',
  'channel-expired': 'What is left in the channel comes back at its refund height.',
  disk: 'What is paid is recorded: it is fetched again for nothing.',
  locked: 'This command moved no money.',
  'journal-damaged': 'This command moved no money.',
  interrupted: 'No money is lost by that: what is bound stays refundable, what is paid is recorded.',
};

export interface Failure {
  readonly exitCode: number;
  /** For `--json`. */
  readonly document: { readonly error: Readonly<Record<string, unknown>> };
  /** For people. */
  readonly text: string;
}

/** Says what went wrong, what became of the money, and what to do next. */
export function failureOf(error: unknown): Failure {
  const { code, message, money, next, evidence } = describe(error);
  const lines = [message, ...(money ? [money] : []), ...(next ? [next] : [])];
  return {
    exitCode: code === 'fault' ? FAULT_EXIT : exitCodeOf(code),
    document: {
      error: { code, message, ...(money && { money }), ...(next && { next }), ...(evidence && { evidence }) },
    },
    text: `${lines.join('\n')}\n`,
  };
}

interface Description {
  readonly code: BuyerErrorCode | 'fault';
  readonly message: string;
  readonly money?: string;
  readonly next?: string | undefined;
  readonly evidence?: Readonly<Record<string, unknown>>;
}

function describe(error: unknown): Description {
  if (error instanceof ShopProblem) {
    const { code, message, money = MONEY[code], next, problem } = error;
    return { code, message, ...(money && { money }), next, evidence: { problem } };
  }
  if (error instanceof BuyerError) {
    const { code, message, money = MONEY[code], next, evidence } = error;
    return {
      code,
      message,
      ...(money && { money }),
      next,
      ...(Object.keys(evidence).length > 0 && { evidence }),
    };
  }
  if (error instanceof SellerError) {
    const { code, message, next } = error;
    return { code, message, next };
  }
  if (error instanceof ChainUnavailable) {
    const next = 'Check --chain and the node, then run the same command again.';
    const message = `The chain source does not answer: ${error.message}`;
    const money = MONEY['chain-unavailable'];
    return { code: 'chain-unavailable', message, ...(money && { money }), next };
  }
  if (error instanceof Error && DISK_ERRORS.has(systemCode(error) ?? '')) {
    return {
      code: 'disk',
      message: error.message,
      next: 'Make room or change the rights, then run the command again.',
    };
  }
  return { code: 'fault', message: error instanceof Error ? (error.stack ?? error.message) : String(error) };
}

/** JSON has no bigint: money is text. */
export function jsonLine(value: unknown): string {
  return `${JSON.stringify(value, (_, member: unknown) => (typeof member === 'bigint' ? member.toString() : member))}\n`;
}
