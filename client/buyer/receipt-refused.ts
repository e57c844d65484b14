import { BuyerError } from './errors.ts';

/** @param place the member of the receipt that does not hold */
export function receiptRefused(place: string, reason: string): BuyerError {
  return new BuyerError('bad-data', `The receipt does not hold: ${place} ${reason}.`, {
    money: 'This command moves no money.',
    next: 'Do not rely on it. Ask for the receipt anew from the one who bought.',
    evidence: { place },
  });
}
