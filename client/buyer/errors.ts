/**
 * Everything that can stop a purchase. The code decides the command's exit status; `next` says how to go on. Whatever the
 * code, the journal stands: the same command may always be run again.
 */
export type BuyerErrorCode =
  | 'usage'
  | 'funds-needed'
  | 'shop-unreachable'
  | 'shop-refused'
  | 'shop-dishonest'
  | 'limit-exceeded'
  | 'bad-data'
  | 'channel-expired'
  | 'chain-unavailable'
  | 'funding-failed'
  | 'disk'
  | 'locked'
  | 'journal-damaged'
  | 'interrupted';

/** What became of the money, where an error of that code says nothing itself. */
const MONEY: Readonly<Partial<Record<BuyerErrorCode, string>>> = {
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

export type Evidence = Readonly<Record<string, string | number>>;

export interface BuyerErrorDetails {
  /** What became of the money, where that is not the same for every error of its name. */
  readonly money?: string;
  /** What the person can do now. */
  readonly next?: string;
  /** What was expected and what came instead, so that a stranger can check the claim. */
  readonly evidence?: Evidence;
  readonly cause?: unknown;
}

export class BuyerError extends Error {
  override readonly name: string = 'BuyerError';
  readonly code: BuyerErrorCode;
  /** What became of the money. */
  readonly money: string | undefined;
  readonly next: string | undefined;
  readonly evidence: Evidence;

  constructor(code: BuyerErrorCode, message: string, details: BuyerErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.money = details.money ?? MONEY[code];
    this.next = details.next;
    this.evidence = details.evidence ?? {};
  }
}

export interface ProblemDocument {
  readonly type: string;
  readonly title: string;
  readonly detail: string;
  readonly money: string;
  readonly next: string;
}

/** A refusal of the shop: its problem document (RFC 9457) as an error. */
export class ShopProblem extends BuyerError {
  override readonly name = 'ShopProblem';
  /** The last part of the stable `type`, e.g. `terms-refused`. */
  readonly problem: string;
  readonly status: number;
  readonly title: string;
  readonly members: Readonly<Record<string, unknown>>;

  constructor(status: number, document: ProblemDocument, members: Readonly<Record<string, unknown>>) {
    const unreachable = status >= 500;
    super(unreachable ? 'shop-unreachable' : 'shop-refused', `${document.title}: ${document.detail}`, {
      money: document.money,
      next: document.next,
    });
    this.problem = document.type.slice(document.type.lastIndexOf(':') + 1);
    this.status = status;
    this.title = document.title;
    this.members = members;
  }
}

/** True for a refusal of the shop by one of these names. */
export function isProblem(error: unknown, ...names: readonly string[]): error is ShopProblem {
  return error instanceof ShopProblem && names.includes(error.problem);
}

export function interrupted(): BuyerError {
  return new BuyerError('interrupted', 'Stopped.', {
    next: 'Run the same command again to go on from here.',
  });
}

/**
 * The code of an error that the system made, e.g. `ENOENT`. Not by `instanceof`: such errors may come from another realm,
 * as they do under jest.
 */
export function systemCode(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}
