import type { BuyerErrorCode } from '../buyer/errors.ts';

/** What `spillway` exits with, so that scripts can tell what to do next. */
export const EXIT_CODES = [
  { code: 0, short: 'done', meaning: 'success', next: '' },
  { code: 1, short: 'fault', meaning: 'a fault of the program itself', next: 'report it' },
  { code: 2, short: 'usage', meaning: 'the command or its arguments are wrong', next: 'read the message' },
  { code: 3, short: 'funds', meaning: 'the wallet lacks money', next: 'pay the deposit address' },
  {
    code: 4,
    short: 'unreachable',
    meaning: 'shop or object store cannot be reached',
    next: 'run it again later',
  },
  {
    code: 5,
    short: 'bad data',
    meaning: 'data or a receipt are not what they should be, or the shop is dishonest',
    next: 'it was not paid for; take back the rest with `spillway refund`',
  },
  { code: 6, short: 'expired', meaning: "the channel's time ran out", next: 'run it again' },
  { code: 7, short: 'refused', meaning: 'the shop refuses', next: 'read its reason' },
  {
    code: 8,
    short: 'limit',
    meaning: "price, capacity or time is over the buyer's own limit",
    next: 'raise the limit, or do not buy',
  },
  {
    code: 9,
    short: 'chain',
    meaning: 'the chain source cannot be reached, or takes no transaction',
    next: 'check --chain',
  },
  {
    code: 10,
    short: 'disk',
    meaning: 'the disk is full, or a file cannot be read or written',
    next: 'make room',
  },
  { code: 11, short: 'locked', meaning: 'another process works on it', next: 'wait for it' },
  {
    code: 12,
    short: 'damaged',
    meaning: 'a journal or wallet file is damaged',
    next: 'restore it from a backup',
  },
  { code: 130, short: 'interrupted', meaning: 'interrupted', next: 'run it again to go on' },
] as const;

const CODES: Readonly<Record<BuyerErrorCode, number>> = {
  usage: 2,
  'funds-needed': 3,
  'shop-unreachable': 4,
  'bad-data': 5,
  'shop-dishonest': 5,
  'channel-expired': 6,
  'shop-refused': 7,
  'limit-exceeded': 8,
  'chain-unavailable': 9,
  'funding-failed': 9,
  disk: 10,
  locked: 11,
  'journal-damaged': 12,
  interrupted: 130,
};

export const USAGE_EXIT = CODES.usage;
export const FAULT_EXIT = 1;
export const INTERRUPTED_EXIT = CODES.interrupted;

export function exitCodeOf(code: BuyerErrorCode): number {
  return CODES[code];
}
