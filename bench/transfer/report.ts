import type { Contestant, Run } from './contest.ts';
import type { Mode } from './options.ts';

/** Medians of a tool's runs. */
export interface Row {
  readonly mode: Mode;
  readonly tool: string;
  readonly verified: boolean;
  /** 10^6 bytes a second, of the transfer. */
  readonly mbps: number;
  /** The same over the whole command, its start and end included. */
  readonly commandMbps: number;
  readonly cpuSeconds: number;
  /** 10^6 bytes, resident. */
  readonly peakMb: number;
}

export function rowOf(mode: Mode, { tool, verified }: Contestant, runs: readonly Run[], bytes: number): Row {
  const of = (value: (run: Run) => number) => median(runs.map(value));
  return {
    mode,
    tool,
    verified,
    mbps: Math.round(bytes / of((run) => run.transferSeconds) / 1e6),
    commandMbps: Math.round(bytes / of((run) => run.seconds) / 1e6),
    cpuSeconds: rounded(of((run) => run.cpuSeconds)),
    peakMb: Math.round(of((run) => run.peakBytes) / 1e6),
  };
}

/** How we stand in one mode. */
export interface Standing {
  /** Our speed to the fastest peer's, checked or not. */
  readonly toBest?: number;
  /** To the fastest peer that checks what it brought. */
  readonly toBestVerified?: number;
  /** Our CPU time to that of one hash and one copy. */
  readonly cpuToFloor?: number;
  /** Our speed to that of a copy that is synced, as ours is. */
  readonly toDisk?: number;
}

/** @param floors that of the processor, that of the disk */
export function standing(ours: Row, peers: readonly Row[], [processor, disk]: readonly Row[]): Standing {
  const best = Math.max(...peers.map(({ mbps }) => mbps));
  const bestVerified = Math.max(...peers.filter(({ verified }) => verified).map(({ mbps }) => mbps));
  return {
    ...(Number.isFinite(best) && { toBest: rounded(ours.mbps / best) }),
    ...(Number.isFinite(bestVerified) && { toBestVerified: rounded(ours.mbps / bestVerified) }),
    ...(processor && { cpuToFloor: rounded(ours.cpuSeconds / processor.cpuSeconds) }),
    ...(disk && { toDisk: rounded(ours.mbps / disk.mbps) }),
  };
}

/** @param floors their lines come last; they are nobody's competitors */
export function table(ours: readonly Row[], peers: readonly Row[], floors: readonly Row[]): string {
  const best = Math.max(...[...ours, ...peers].map(({ mbps }) => mbps));
  const rows = [...ours, ...peers, ...floors];
  const lines = rows.map(({ tool, verified, mbps, commandMbps, cpuSeconds, peakMb }) =>
    [
      tool,
      verified ? 'yes' : 'no',
      commandMbps === mbps ? mbps : `${mbps} (command ${commandMbps})`,
      (mbps / best).toFixed(2),
      cpuSeconds,
      peakMb,
    ].join(' | '),
  );
  return [
    '| tool | checked | MB/s | to the fastest | CPU s | peak MB |',
    '|---|---|---:|---:|---:|---:|',
    ...lines.map((line) => `| ${line} |`),
  ].join('\n');
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  const [low = Number.NaN, high = Number.NaN] = [sorted[Math.ceil(middle) - 1], sorted[Math.floor(middle)]];
  return (low + high) / 2;
}

function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}
