import { toJsonSchema } from '@valibot/to-json-schema';
import type { GenericSchema } from 'valibot';
import { PROBLEMS, problemType } from '../shared/errors.ts';
import { ROUTES, type Route } from '../shared/http/routes.ts';
import { CONTINUES_HEADER, SIGNATURE_HEADER, TIME_HEADER } from '../shared/protocol/request.ts';

/** The API description, OpenAPI 3.1, from the table of routes that the shop itself is built from. */
export function openApiDocument(): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const [name, route] of Object.entries<Route>(ROUTES)) {
    paths[route.path] = { ...paths[route.path], [route.method.toLowerCase()]: operation(name, route) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Spillway shop',
      version: '1',
      description: 'What a buyer asks of a shop. The protocol behind it is docs/protocol.md.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    paths,
    components: {
      schemas: { Problem: problemSchema() },
      securitySchemes: {
        channelKeyTime: { type: 'apiKey', in: 'header', name: TIME_HEADER, description: 'Unix seconds.' },
        channelKeySignature: {
          type: 'apiKey',
          in: 'header',
          name: SIGNATURE_HEADER,
          description: 'ECDSA signature of the request by the channel key, 64 bytes r and s in hex.',
        },
      },
    },
  };
}

function operation(name: string, route: Route): object {
  const parameters = [...route.path.matchAll(/\{(\w+)\}/g)].map(([, parameter]) => ({
    name: parameter,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }));
  const continues = {
    name: CONTINUES_HEADER,
    in: 'header',
    required: false,
    description:
      'An earlier channel id and the signature of its key, for a channel that goes on where it ended.',
    schema: { type: 'string', pattern: '^[0-9a-f]{64} [0-9a-f]{128}$' },
  };
  return {
    operationId: name,
    summary: route.summary,
    parameters: route.body === 'terms' ? [...parameters, continues] : parameters,
    ...(route.caller === 'channel-key' && { security: [{ channelKeyTime: [], channelKeySignature: [] }] }),
    ...(route.body && {
      requestBody: { required: true, content: { 'application/json': { schema: bodySchema(route.body) } } },
    }),
    responses: {
      200: { description: 'Done', content: { 'application/json': { schema: jsonSchema(route.answer) } } },
      default: {
        description: 'Refused',
        content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
      },
    },
  };
}

function bodySchema(body: NonNullable<Route['body']>): object {
  if (body !== 'terms') return jsonSchema(body);
  return { type: 'object', description: 'The terms in RFC 8785 form: docs/protocol.md section 2.' };
}

/** As the wire has it: satoshis are strings there, before they are bigints. */
function jsonSchema(schema: GenericSchema): object {
  const { $schema: _, ...rest } = toJsonSchema(schema, { typeMode: 'input', errorMode: 'ignore' });
  return rest;
}

function problemSchema(): object {
  const names = Object.keys(PROBLEMS) as (keyof typeof PROBLEMS)[];
  return {
    type: 'object',
    description: 'RFC 9457. Some kinds add members, e.g. owed on payment-required.',
    required: ['type', 'status', 'title', 'detail', 'money', 'next'],
    properties: {
      type: { enum: names.map(problemType), description: 'Stable.' },
      status: { type: 'integer' },
      title: { type: 'string' },
      detail: { type: 'string' },
      money: { type: 'string', description: 'What happened to the money.' },
      next: { type: 'string', description: 'What to do next.' },
    },
  };
}
