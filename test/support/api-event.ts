import type { APIGatewayProxyEventV2 } from 'aws-lambda';

export interface EventParts {
  readonly method?: string;
  readonly path?: string;
  readonly query?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly parameters?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly isBase64Encoded?: boolean;
  readonly stage?: string;
}

/** An event as API Gateway's HTTP API sends it, payload version 2.0. */
export function apiEvent(parts: EventParts): APIGatewayProxyEventV2 {
  const {
    method = 'GET',
    path = '/shop',
    query = '',
    headers = { host: 'shop.example' },
    parameters,
  } = parts;
  const { body, isBase64Encoded = false, stage = '$default' } = parts;
  return {
    version: '2.0',
    routeKey: `${method} ${path}`,
    rawPath: path,
    rawQueryString: query,
    headers: { ...headers },
    requestContext: {
      accountId: '000000000000',
      apiId: 'api',
      domainName: 'shop.example',
      domainPrefix: 'shop',
      http: { method, path, protocol: 'HTTP/1.1', sourceIp: '127.0.0.1', userAgent: 'test' },
      requestId: 'request',
      routeKey: `${method} ${path}`,
      stage,
      time: '01/Jan/2026:00:00:00 +0000',
      timeEpoch: 0,
    },
    ...(parameters && { pathParameters: { ...parameters } }),
    ...(body !== undefined && { body }),
    isBase64Encoded,
  };
}
