import type { BuyerErrorCode } from '../buyer/errors.ts';

/**
 * What `spillway` exits with, so that scripts can tell what to do next. 0 is success; 1 is a fault of the program itself.
 *
 * | code | meaning | what helps |
 * |---|---|---|
 * | 2 | the command or its arguments are wrong | read the message |
 * | 3 | the wallet lacks money | pay the deposit address |
 * | 4 | shop or object store cannot be reached | run it again later |
 * | 5 | the data are not what the manifest says, or the shop is dishonest | nothing was paid for it; refund |
 * | 6 | the channel's time ran out | run it again |
 * | 7 | the shop refuses | read its reason |
 * | 8 | price, capacity or time is over the buyer's own limit | raise the limit, or do not buy |
 * | 9 | the chain source cannot be reached, or takes no funding | check --chain |
 * | 10 | the disk is full or a file cannot be written | make room |
 * | 11 | another process works on it | wait for it |
 * | 12 | a journal or wallet file is damaged | restore it from a backup |
 * | 130 | interrupted | run it again to go on |
 */
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
