import { PROBLEMS, Problem, type ProblemName, problemType } from '../../../shared/errors.ts';
import { jsonAnswer, problemAnswer } from '../../../shared/http/api-answer.ts';

const names = Object.keys(PROBLEMS) as ProblemName[];
const noLog = () => {};

/** Clients in other languages switch on these: adding one is fine, changing or dropping one is a break of the protocol. */
const STABLE_TYPES = {
  'urn:spillway:problem:not-found': 404,
  'urn:spillway:problem:body-too-large': 413,
  'urn:spillway:problem:malformed-request': 400,
  'urn:spillway:problem:malformed-terms': 400,
  'urn:spillway:problem:bad-request-signature': 401,
  'urn:spillway:problem:clock-skew': 401,
  'urn:spillway:problem:terms-refused': 422,
  'urn:spillway:problem:buyer-key-used': 409,
  'urn:spillway:problem:channel-ended': 409,
  'urn:spillway:problem:channel-not-open': 409,
  'urn:spillway:problem:too-many-outpoints': 429,
  'urn:spillway:problem:funding-not-found': 409,
  'urn:spillway:problem:funding-mismatch': 422,
  'urn:spillway:problem:payment-required': 402,
  'urn:spillway:problem:no-such-chunk': 404,
  'urn:spillway:problem:too-many-urls': 429,
  'urn:spillway:problem:bad-commitment-signature': 422,
  'urn:spillway:problem:stale-commitment': 409,
  'urn:spillway:problem:commitment-out-of-range': 422,
  'urn:spillway:problem:too-late': 409,
  'urn:spillway:problem:unpaid-delivery': 409,
  'urn:spillway:problem:chain-unavailable': 503,
  'urn:spillway:problem:busy': 503,
  'urn:spillway:problem:internal': 500,
};

test('the types and their statuses are stable', () => {
  expect(Object.fromEntries(names.map((name) => [problemType(name), PROBLEMS[name].status]))).toEqual(
    STABLE_TYPES,
  );
});

test.each(names)('%s is a problem document that says what happened to the money and what to do', (name) => {
  const answer = problemAnswer(new Problem(name, 'the detail', { owed: { k: 1, satoshis: '7' } }), noLog);
  const { status, title, money, next } = PROBLEMS[name];
  expect(answer.statusCode).toBe(status);
  expect(answer.headers).toEqual({
    'content-type': 'application/problem+json',
    'cache-control': 'no-store',
  });
  const document = JSON.parse(answer.body ?? '');
  expect(document).toEqual({
    type: `urn:spillway:problem:${name}`,
    status,
    title,
    detail: 'the detail',
    money,
    next,
    owed: { k: 1, satoshis: '7' },
  });
  expect(Object.keys(document).slice(0, 6)).toEqual(['type', 'status', 'title', 'detail', 'money', 'next']);
  for (const text of [title, money, next]) expect(text.length).toBeGreaterThan(10);
});

test.each([
  new TypeError('http://user:password@127.0.0.1:8332 refused'),
  'a text with a secret',
  undefined,
  { secret: 'value' },
])('an error of ours is answered without its text', (error) => {
  const lines: unknown[] = [];
  const answer = problemAnswer(error, (event, fields) => lines.push([event, fields.alarm]));
  expect(answer.statusCode).toBe(500);
  expect(JSON.parse(answer.body ?? '')).toMatchObject({
    type: 'urn:spillway:problem:internal',
    detail: 'an unexpected error; the shop has logged it',
  });
  expect(answer.body).not.toMatch(/password|secret|value|stack/);
  expect(lines).toEqual([['request-failed', true]]);
});

test('a refusal is not logged as a failure', () => {
  const lines: unknown[] = [];
  problemAnswer(new Problem('too-late', 'detail'), (event) => lines.push(event));
  expect(lines).toEqual([]);
});

test('an answer has satoshis as text and is kept by nobody', () => {
  const answer = jsonAnswer({ paid: 2_100_000_000_000_000n, list: [1n], next: null });
  expect(answer).toEqual({
    statusCode: 200,
    headers: { 'content-type': 'application/json', 'cache-control': 'no-store' },
    body: '{"paid":"2100000000000000","list":["1"],"next":null}',
  });
});
