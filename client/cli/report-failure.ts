import { type BuyerErrorCode, ShopProblem } from '../buyer/errors.ts';
import { knownFailure } from '../buyer/known-failure.ts';
import { SellerError } from '../seller/seller-error.ts';
import { exitCodeOf, FAULT_EXIT } from './exit-codes.ts';

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
  const known = knownFailure(error);
  if (known) {
    const { code, message, money, next } = known;
    const evidence = known instanceof ShopProblem ? { problem: known.problem } : known.evidence;
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
  return { code: 'fault', message: error instanceof Error ? (error.stack ?? error.message) : String(error) };
}

/** JSON has no bigint: money is text. */
export function jsonLine(value: unknown): string {
  return `${JSON.stringify(value, (_, member: unknown) => (typeof member === 'bigint' ? member.toString() : member))}\n`;
}
