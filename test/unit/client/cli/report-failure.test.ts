import { BuyerError, ShopProblem } from '../../../../client/buyer/errors.ts';
import { failureOf, jsonLine } from '../../../../client/cli/report-failure.ts';
import { ChainUnavailable } from '../../../../shared/chain/chain.ts';

test.each([
  [new BuyerError('usage', 'x'), 2],
  [new BuyerError('funds-needed', 'x'), 3],
  [new BuyerError('shop-unreachable', 'x'), 4],
  [new BuyerError('bad-data', 'x'), 5],
  [new BuyerError('shop-dishonest', 'x'), 5],
  [new BuyerError('channel-expired', 'x'), 6],
  [new BuyerError('shop-refused', 'x'), 7],
  [new BuyerError('limit-exceeded', 'x'), 8],
  [new ChainUnavailable('refused'), 9],
  [Object.assign(new Error('no space'), { code: 'ENOSPC' }), 10],
  [new BuyerError('locked', 'x'), 11],
  [new BuyerError('journal-damaged', 'x'), 12],
  [new BuyerError('interrupted', 'x'), 130],
  [new Error('a fault'), 1],
])('%s has an exit code of its own', (error, exitCode) => {
  expect(failureOf(error).exitCode).toBe(exitCode);
});

test('a refusal says what became of the money and what to do next', () => {
  const problem = new ShopProblem(
    422,
    {
      type: 'urn:spillway:problem:terms-refused',
      title: 'No',
      detail: 'too cheap',
      money: 'None moved.',
      next: 'Ask.',
    },
    {},
  );
  const { text, document } = failureOf(problem);
  expect(text).toBe('No: too cheap\nNone moved.\nAsk.\n');
  expect(document.error).toEqual({
    code: 'shop-refused',
    message: 'No: too cheap',
    money: 'None moved.',
    next: 'Ask.',
    evidence: { problem: 'terms-refused' },
  });
});

test('money is text in JSON', () => {
  expect(jsonLine({ paid: 5n })).toBe('{"paid":"5"}\n');
});
