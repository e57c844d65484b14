import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { rpcArguments } from './rpc-arguments.ts';
import { RpcError, rpcCodes } from './rpc-error.ts';
import type { RpcMethods } from './rpc-method.ts';

/** Room for a block of the largest size, in hex. */
const MAX_BODY_BYTES = 10_000_000;

/** What goes back to a caller: an HTTP status and a value to be sent as JSON. */
export interface Reply {
  readonly status: number;
  readonly body: unknown;
}

/**
 * Bitcoin Core's JSON-RPC over HTTP: requests of version 1 and 2, batches, named arguments.
 * The user name and password of a caller are ignored: the server listens on the loopback interface alone.
 */
export function createRpcServer(methods: RpcMethods): Server {
  return createServer((request, response) => {
    readBody(request).then(
      (text) => send(response, answerText(methods, text)),
      () => response.destroy(),
    );
  });
}

async function readBody(request: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of request) {
    size += piece.length;
    if (size > MAX_BODY_BYTES) throw new Error('request too large');
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString('utf8');
}

function send(response: ServerResponse, { status, body }: Reply): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(`${JSON.stringify(body)}\n`);
}

/** @param text the body of a request */
export function answerText(methods: RpcMethods, text: string): Reply {
  let request: unknown;
  try {
    request = JSON.parse(text);
  } catch {
    return failure(new RpcError(rpcCodes.parse, 'Parse error'), null, false);
  }
  if (Array.isArray(request)) {
    return { status: 200, body: request.map((single) => answer(methods, single).body) };
  }
  return answer(methods, request);
}

function answer(methods: RpcMethods, request: unknown): Reply {
  if (!isRecord(request)) {
    return failure(new RpcError(rpcCodes.parse, 'Top-level object parse error'), null, false);
  }
  const id = request.id ?? null;
  const isVersion2 = request.jsonrpc === '2.0';
  try {
    const result = call(methods, request) ?? null;
    return { status: 200, body: isVersion2 ? { jsonrpc: '2.0', result, id } : { result, error: null, id } };
  } catch (error) {
    return failure(error, id, isVersion2);
  }
}

function call(methods: RpcMethods, { method, params }: Record<string, unknown>): unknown {
  if (typeof method !== 'string') throw new RpcError(rpcCodes.invalidRequest, 'Method must be a string');
  const found = Object.hasOwn(methods, method) ? methods[method] : undefined;
  if (!found) throw new RpcError(rpcCodes.methodNotFound, 'Method not found');
  return found.run(rpcArguments(positional(found.names, params ?? [])));
}

function positional(names: readonly string[], params: unknown): readonly unknown[] {
  if (Array.isArray(params)) return params;
  if (!isRecord(params)) throw new RpcError(rpcCodes.invalidRequest, 'Params must be an array or object');
  const unknown = Object.keys(params).find((name) => !names.includes(name));
  if (unknown !== undefined)
    throw new RpcError(rpcCodes.invalidParameter, `Unknown named parameter ${unknown}`);
  return names.map((name) => params[name]);
}

function failure(error: unknown, id: unknown, isVersion2: boolean): Reply {
  const known = error instanceof RpcError ? error : new RpcError(rpcCodes.misc, String(error));
  const described = { code: known.code, message: known.message };
  if (isVersion2) return { status: 200, body: { jsonrpc: '2.0', error: described, id } };
  return { status: httpStatus(known.code), body: { result: null, error: described, id } };
}

function httpStatus(code: number): number {
  if (code === rpcCodes.invalidRequest) return 400;
  return code === rpcCodes.methodNotFound ? 404 : 500;
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
