import { PublishRefused } from '../../../../client/seller/publish-error.ts';
import { SellerError } from '../../../../client/seller/seller-error.ts';
import { sellerFailure } from '../../../../client/seller/seller-failure.ts';

const named = (name: string, code?: string) =>
  Object.assign(new Error('as it was told'), { name, ...(code && { code }) });

test.each([
  [named('CredentialsProviderError'), 'usage', 'AWS does not know who asks', '--profile'],
  [named('ExpiredTokenException'), 'usage', 'AWS does not know who asks', 'log in again'],
  [named('AccessDeniedException'), 'shop-refused', 'AWS does not allow it', 'SellerPolicyArn'],
  [named('AccessDenied'), 'shop-refused', 'AWS does not allow it', 'SellerPolicyArn'],
  [named('ResourceNotFoundException'), 'usage', 'The shop is not there', 'outputs file'],
  [named('Error', 'ECONNREFUSED'), 'shop-unreachable', 'The shop does not answer', 'Run the same command'],
  [named('TimeoutError'), 'shop-unreachable', 'The shop does not answer', 'Run the same command'],
  [new PublishRefused('as it was told'), 'usage', 'as it was told', 'Change that'],
])('%s is %s', (error, code, message, next) => {
  expect(sellerFailure(error)).toMatchObject({
    code,
    message: expect.stringMatching(new RegExp(`^${message}.*`)),
    next: expect.stringContaining(next),
    cause: error,
  });
});

test('what it does not know, and what is told already, stays as it is', () => {
  for (const error of [new TypeError('a fault'), new SellerError('usage', 'told', 'next'), 'no error']) {
    expect(sellerFailure(error)).toBe(error);
  }
});
