import { bytesToHex } from '@noble/hashes/utils.js';
import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import { ROUTES, type RouteName, routePath } from '../../shared/http/routes.ts';
import { requestMessage } from '../../shared/protocol/request.ts';
import { signMessage } from '../../shared/protocol/signature.ts';
import { apiEvent } from './api-event.ts';

const HOST = 'shop.example';

export interface CallParts {
  readonly parameters?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Sign the request by this secret. */
  readonly sign?: Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The event of a request on one of the routes, signed now. */
export function routeEvent(name: RouteName, parts: CallParts = {}): APIGatewayProxyEventV2 {
  const route = ROUTES[name];
  const { parameters = {}, body, sign, headers = {} } = parts;
  const path = routePath(route, parameters);
  const seconds = Math.floor(Date.now() / 1000);
  const bytes = new TextEncoder().encode(body ?? '');
  const message = requestMessage({ method: route.method, host: HOST, path, seconds, body: bytes });
  const signature = sign && {
    'spillway-time': `${seconds}`,
    'spillway-signature': bytesToHex(signMessage(sign, message)),
  };
  return apiEvent({
    method: route.method,
    path,
    headers: { host: HOST, ...signature, ...headers },
    parameters,
    ...(body !== undefined && { body }),
  });
}
