import { SellerError } from '../seller/seller-error.ts';
import { sellerFailure } from '../seller/seller-failure.ts';

/** What went wrong, told as the commands tell it: a sentence, and what can be done. */
export function failureOf(error: unknown): { readonly message: string; readonly next: string } {
  const known = sellerFailure(error);
  if (known instanceof SellerError) return { message: known.message, next: known.next };
  return { message: known instanceof Error ? known.message : String(known), next: 'Try it again.' };
}
