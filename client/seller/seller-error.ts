/** Why a seller's task cannot be done. The code decides the command's exit status. */
export type SellerErrorCode = 'usage' | 'shop-unreachable' | 'shop-refused';

export class SellerError extends Error {
  override readonly name = 'SellerError';
  readonly code: SellerErrorCode;
  /** What the seller can do now. */
  readonly next: string;

  constructor(code: SellerErrorCode, message: string, next: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.next = next;
  }
}
