import { address as addresses, networks } from 'bitcoinjs-lib';
import { hexToBytes } from './hex.ts';
import { RpcError, rpcCodes } from './rpc-error.ts';

/** The arguments of one call by position, read with Core's complaints about wrong ones. */
export interface RpcArguments {
  text(index: number, name: string): string;
  integer(index: number, name: string, fallback?: number): number;
  decimal(index: number, name: string, fallback: number): number;
  /** Also takes 0 and 1, as Core's older verbosity flags do. */
  flag(index: number, name: string, fallback: boolean): boolean;
  list(index: number, name: string): readonly unknown[];
  hash(index: number, name: string): string;
}

export function rpcArguments(values: readonly unknown[]): RpcArguments {
  const wrongType = (index: number, name: string, expected: string): RpcError => {
    const complaint = `JSON value of type ${jsonType(values[index])} is not of expected type ${expected}`;
    const message = `Wrong type passed:\n{\n    "Position ${index + 1} (${name})": "${complaint}"\n}`;
    return new RpcError(rpcCodes.type, message);
  };
  const text = (index: number, name: string): string => {
    const value = values[index];
    if (typeof value !== 'string') throw wrongType(index, name, 'string');
    return value;
  };
  return {
    text,
    integer(index, name, fallback) {
      const value = values[index] ?? fallback;
      if (typeof value !== 'number' || !Number.isSafeInteger(value)) throw wrongType(index, name, 'number');
      return value;
    },
    decimal(index, name, fallback) {
      const value = Number(values[index] ?? fallback);
      if (!Number.isFinite(value) || value < 0) throw wrongType(index, name, 'number');
      return value;
    },
    flag(index, name, fallback) {
      const value = values[index] ?? fallback;
      if (typeof value === 'number') return value !== 0;
      if (typeof value !== 'boolean') throw wrongType(index, name, 'bool');
      return value;
    },
    list(index, name) {
      const value: unknown = values[index];
      if (!Array.isArray(value)) throw wrongType(index, name, 'array');
      return value;
    },
    hash: (index, name) => checkedHash(text(index, name), name),
  };
}

export function checkedHash(value: string, name: string): string {
  if (value.length !== 64) {
    const length = `must be of length 64 (not ${value.length}, for '${value}')`;
    throw new RpcError(rpcCodes.invalidParameter, `${name} ${length}`);
  }
  if (!hexToBytes(value)) {
    throw new RpcError(rpcCodes.invalidParameter, `${name} must be hexadecimal string (not '${value}')`);
  }
  return value.toLowerCase();
}

export function scriptOfAddress(text: string): Uint8Array {
  try {
    return addresses.toOutputScript(text, networks.regtest);
  } catch {
    throw new RpcError(rpcCodes.invalidAddressOrKey, 'Error: Invalid address');
  }
}

/** The two descriptors in use, `raw(<hex script>)` and `addr(<address>)`; a checksum is allowed and ignored. */
export function scriptOfDescriptor(value: unknown): Uint8Array {
  const text = typeof value === 'string' ? value : isScanObject(value) ? value.desc : '';
  const [, kind, content = ''] = /^(raw|addr)\(([^)]*)\)(?:#[a-z0-9]{8})?$/.exec(text) ?? [];
  if (kind === 'addr') return scriptOfAddress(content);
  if (kind !== 'raw') {
    throw new RpcError(
      rpcCodes.invalidAddressOrKey,
      'The embedded ledger knows the descriptors raw() and addr()',
    );
  }
  const script = hexToBytes(content);
  if (!script) throw new RpcError(rpcCodes.invalidAddressOrKey, 'Raw script is not hex');
  return script;
}

const isScanObject = (value: unknown): value is { desc: string } =>
  typeof value === 'object' && value !== null && 'desc' in value && typeof value.desc === 'string';

function jsonType(value: unknown): string {
  if (value === null || value === undefined) return 'null';
  if (Array.isArray(value)) return 'array';
  return typeof value === 'boolean' ? 'bool' : typeof value;
}
