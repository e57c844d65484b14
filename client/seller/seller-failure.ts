import { PublishRefused } from './publish-error.ts';
import { SellerError } from './seller-error.ts';

/** Names that the AWS clients give to errors, whichever service answers. */
const NO_IDENTITY = new Set([
  'CredentialsProviderError',
  'TokenProviderError',
  'ExpiredToken',
  'ExpiredTokenException',
  'UnrecognizedClientException',
  'InvalidSignatureException',
  'InvalidClientTokenId',
  'InvalidAccessKeyId',
  'SignatureDoesNotMatch',
]);
const NOT_ALLOWED = new Set(['AccessDenied', 'AccessDeniedException']);
const NOT_THERE = new Set(['ResourceNotFoundException', 'NoSuchBucket', 'NotFoundException']);
const UNREACHABLE = new Set([
  'TimeoutError',
  'NetworkingError',
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ETIMEDOUT',
]);

/** What went wrong as the seller can act on it; what the program does not know stays as it is. */
export function sellerFailure(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof SellerError) return error;
  if (error instanceof PublishRefused) {
    return new SellerError('usage', error.message, 'Change that, then run the same command again.', error);
  }
  const names = [error.name, codeOf(error)];
  const is = (set: ReadonlySet<string>) => names.some((name) => set.has(name));
  if (is(NO_IDENTITY)) {
    const next = 'Name a profile with --profile, or log in again.';
    return new SellerError('usage', `AWS does not know who asks: ${error.message}`, next, error);
  }
  if (is(NOT_ALLOWED)) {
    const next = 'Attach the policy of the stack’s output SellerPolicyArn to the identity that you use.';
    return new SellerError('shop-refused', `AWS does not allow it: ${error.message}`, next, error);
  }
  if (is(NOT_THERE)) {
    const next = 'Is it the outputs file of this account’s stack, and the right profile?';
    return new SellerError('usage', `The shop is not there: ${error.message}`, next, error);
  }
  if (is(UNREACHABLE)) {
    const next = 'Run the same command again; a local shop must be running.';
    return new SellerError('shop-unreachable', `The shop does not answer: ${error.message}`, next, error);
  }
  return error;
}

function codeOf(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : '';
}
