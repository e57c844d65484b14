import type { IncomingMessage } from 'node:http';
import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import { ROUTES, type Route } from '../shared/http/routes.ts';

/** A route that a request matches, and what stands in its path's braces. */
export interface Match {
  readonly route: Route & { readonly functionName: string };
  readonly parameters: Readonly<Record<string, string>>;
}

/** As API Gateway matches: by method and segments, a brace standing for one segment. */
export function matchRoute(method: string, path: string): Match | undefined {
  const segments = path.split('/');
  for (const route of Object.values(ROUTES)) {
    const parameters = route.method === method ? matchSegments(route.path.split('/'), segments) : undefined;
    if (parameters) return { route, parameters };
  }
  return undefined;
}

function matchSegments(
  pattern: readonly string[],
  segments: readonly string[],
): Record<string, string> | undefined {
  if (pattern.length !== segments.length) return undefined;
  const parameters: Record<string, string> = {};
  for (const [index, expected] of pattern.entries()) {
    const segment = segments[index] ?? '';
    const name = /^\{(\w+)\}$/.exec(expected)?.[1];
    if (name && segment !== '') parameters[name] = decoded(segment);
    else if (segment !== expected) return undefined;
  }
  return parameters;
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

/** The event that API Gateway's HTTP API sends for a request, payload version 2.0. */
export function gatewayEvent(
  request: IncomingMessage,
  { route, parameters }: Match,
  body: Buffer,
): APIGatewayProxyEventV2 {
  const [rawPath = '/', rawQueryString = ''] = split(request.url ?? '/');
  const host = request.headers.host ?? '';
  const routeKey = `${route.method} ${route.path}`;
  return {
    version: '2.0',
    routeKey,
    rawPath,
    rawQueryString,
    headers: singleHeaders(request),
    requestContext: {
      accountId: '000000000000',
      apiId: 'local',
      domainName: host.replace(/:\d+$/, ''),
      domainPrefix: 'local',
      http: {
        method: request.method ?? '',
        path: rawPath,
        protocol: `HTTP/${request.httpVersion}`,
        sourceIp: request.socket.remoteAddress ?? '',
        userAgent: request.headers['user-agent'] ?? '',
      },
      requestId: '',
      routeKey,
      stage: '$default',
      time: '',
      timeEpoch: 0,
    },
    ...(Object.keys(parameters).length > 0 && { pathParameters: { ...parameters } }),
    // API Gateway encodes bodies whose type is not text; JSON is.
    ...(body.length > 0 && { body: body.toString('base64') }),
    isBase64Encoded: body.length > 0,
  };
}

function split(url: string): [string, string] {
  const at = url.indexOf('?');
  return at < 0 ? [url, ''] : [url.slice(0, at), url.slice(at + 1)];
}

/** API Gateway joins headers of one name by commas and writes names in lower case. */
function singleHeaders(request: IncomingMessage): Record<string, string> {
  const entries = Object.entries(request.headers).map(([name, value]) => [name, [value].flat().join(',')]);
  return Object.fromEntries(entries);
}
