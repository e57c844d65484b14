import type { RpcArguments } from './rpc-arguments.ts';

/** One call: the names of its arguments in order, for callers that name them, and what it does. */
export interface RpcMethod {
  readonly names: readonly string[];
  run(call: RpcArguments): unknown;
}

export type RpcMethods = Readonly<Record<string, RpcMethod>>;
