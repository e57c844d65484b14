import { parseArgs } from 'node:util';
import { parseByteSize } from '../../client/cli/byte-size.ts';

/** What is measured: a download in the clear, one over TLS, or an upload. */
export const MODES = ['plain', 'tls', 'publish'] as const;
export type Mode = (typeof MODES)[number];

export interface TransferOptions {
  readonly bytes: number;
  readonly runs: number;
  readonly modes: readonly Mode[];
  readonly json: boolean;
}

/** @throws Error that says what is wrong */
export function readOptions(args: readonly string[]): TransferOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      bytes: { type: 'string', default: '8GiB' },
      runs: { type: 'string', default: '5' },
      only: { type: 'string' },
      json: { type: 'boolean', default: false },
    },
  });
  const { only } = values;
  const modes = MODES.filter((mode) => only === undefined || mode === only);
  if (modes.length === 0) throw new Error(`--only is one of ${MODES.join(', ')}`);
  return { bytes: sizeOf(values.bytes), runs: runsOf(values.runs), modes, json: values.json };
}

/** @throws Error where it is no size from 64 MiB to 64 GiB: several chunks, and room on a disk */
export function sizeOf(text: string): number {
  const bytes = parseByteSize(text);
  if (bytes === undefined || bytes < 2 ** 26 || bytes > 2 ** 36)
    throw new Error(`--bytes is a size from 64MiB to 64GiB, not ${text}`);
  return bytes;
}

function runsOf(text: string): number {
  if (!/^[1-9][0-9]?$/.test(text)) throw new Error(`--runs is a number from 1 to 99, not ${text}`);
  return Number(text);
}
