import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import * as v from 'valibot';
import { Problem } from '../errors.ts';
import { MAX_BODY_BYTES } from '../limits.ts';

/** A request as the handlers see it, free of API Gateway's shape. */
export interface ApiRequest {
  readonly method: string;
  readonly host: string;
  /** Path and query as sent, without the stage's prefix. */
  readonly path: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** What stood in the path's braces, decoded. */
  readonly parameters: Readonly<Record<string, string | undefined>>;
  readonly body: Uint8Array;
}

/**
 * Reads an API Gateway HTTP API event, payload version 2.0
 * (https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html).
 * @throws Problem body-too-large
 */
export function apiRequest(event: APIGatewayProxyEventV2): ApiRequest {
  const body = Buffer.from(event.body ?? '', event.isBase64Encoded ? 'base64' : 'utf8');
  if (body.length > MAX_BODY_BYTES) throw new Problem('body-too-large', `${body.length} bytes`);
  return {
    method: event.requestContext.http.method,
    host: event.headers.host ?? event.requestContext.domainName,
    path: withoutStage(event) + (event.rawQueryString ? `?${event.rawQueryString}` : ''),
    headers: event.headers,
    parameters: event.pathParameters ?? {},
    body,
  };
}

/** API Gateway leaves the name of a stage other than $default in the path, which the client never sees as part of the API. */
function withoutStage({ rawPath, requestContext: { stage } }: APIGatewayProxyEventV2): string {
  const prefix = `/${stage}/`;
  return stage !== '$default' && rawPath.startsWith(prefix) ? rawPath.slice(prefix.length - 1) : rawPath;
}

const decoder = new TextDecoder('utf-8', { fatal: true });

/** @throws Problem malformed-request where the body is not JSON of the schema's form */
export function parseBody<Schema extends v.GenericSchema>(
  schema: Schema,
  body: Uint8Array,
): v.InferOutput<Schema> {
  const { text, value } = readJson(body);
  const parsed = parse(schema, value, 'body');
  // Which of two values counts differs from parser to parser, and JSON.parse tells nobody that there were two.
  if (countNames(text) !== countMembers(value)) throw malformed('has a member twice');
  return parsed;
}

/** @throws Problem malformed-request where a header or path parameter is not of the schema's form */
export function parseField<Schema extends v.GenericSchema>(
  schema: Schema,
  input: unknown,
  name: string,
): v.InferOutput<Schema> {
  return parse(schema, input, name);
}

function parse<Schema extends v.GenericSchema>(
  schema: Schema,
  input: unknown,
  name: string,
): v.InferOutput<Schema> {
  const result = v.safeParse(schema, input);
  if (result.success) return result.output;
  const [issue] = result.issues;
  throw new Problem('malformed-request', `${v.getDotPath(issue) ?? name}: ${issue.message}`);
}

function readJson(body: Uint8Array): { readonly text: string; readonly value: unknown } {
  try {
    const text = decoder.decode(body);
    return { text, value: JSON.parse(text) };
  } catch {
    throw malformed('is not JSON in UTF-8');
  }
}

/** Names of members in a JSON text: every string that a colon follows. */
function countNames(json: string): number {
  let names = 0;
  for (const [, colon] of json.matchAll(/"(?:[^"\\]|\\.)*"(\s*:)?/g)) if (colon) names += 1;
  return names;
}

function countMembers(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  const members = Object.values(value);
  const own = Array.isArray(value) ? 0 : members.length;
  return members.reduce((sum, member) => sum + countMembers(member), own);
}

function malformed(reason: string): Problem {
  return new Problem('malformed-request', `body: ${reason}`);
}
