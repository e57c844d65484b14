import type { APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import { Problem } from '../errors.ts';
import type { Log } from '../log.ts';

/** Answers in API Gateway's form. They speak of money and links, so nobody may keep them. */
export function jsonAnswer(value: unknown, status = 200): APIGatewayProxyStructuredResultV2 {
  return answer(status, 'application/json', value);
}

/** Any error as an RFC 9457 problem document. What is not of the catalogue is ours, and its text stays in the log. */
export function problemAnswer(error: unknown, log: Log): APIGatewayProxyStructuredResultV2 {
  if (error instanceof Problem) return answer(error.status, 'application/problem+json', error);
  log('request-failed', {
    alarm: true,
    reason: error instanceof Error ? (error.stack ?? error.message) : String(error),
  });
  const internal = new Problem('internal', 'an unexpected error; the shop has logged it');
  return answer(internal.status, 'application/problem+json', internal);
}

function answer(statusCode: number, contentType: string, value: unknown): APIGatewayProxyStructuredResultV2 {
  return {
    statusCode,
    headers: { 'content-type': contentType, 'cache-control': 'no-store' },
    body: JSON.stringify(value, satoshisAsText),
  };
}

function satoshisAsText(_: string, value: unknown): unknown {
  return typeof value === 'bigint' ? value.toString() : value;
}
