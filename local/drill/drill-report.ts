import type { Drill, Outcome } from './drill.ts';
import type { Losses } from './losses.ts';

/** All runs of one drill: the worst of each loss, and why it broke where it did. */
export interface DrillResult {
  readonly drill: Drill;
  readonly runs: number;
  readonly losses: Losses | undefined;
  readonly failures: readonly string[];
  /** Of all runs together. */
  readonly milliseconds: number;
}

export function resultOf(drill: Drill, outcomes: readonly Outcome[], milliseconds: number): DrillResult {
  const known = outcomes.flatMap(({ losses }) => (losses ? [losses] : []));
  return {
    drill,
    runs: outcomes.length,
    losses: known.length > 0 ? known.reduce(worse) : undefined,
    failures: outcomes.flatMap((outcome) => (outcome.ok ? [] : [outcome.reason])),
    milliseconds,
  };
}

function worse(one: Losses, other: Losses): Losses {
  return {
    buyerLost: one.buyerLost > other.buyerLost ? one.buyerLost : other.buyerLost,
    sellerLost: one.sellerLost > other.sellerLost ? one.sellerLost : other.sellerLost,
    sellerLostChunks: Math.max(one.sellerLostChunks, other.sellerLostChunks),
  };
}

export const HEADING = row('drill', 'buyer lost', 'seller lost', 'chunks (most)', 'held', 'time');

export function tableRow({ drill, runs, losses, failures, milliseconds }: DrillResult): string {
  const chunks = `${losses?.sellerLostChunks ?? '?'} (${drill.mayLoseChunks})`;
  const held = `${runs - failures.length}/${runs}`;
  const seconds = `${(milliseconds / 1_000 / runs).toFixed(1)} s`;
  return row(drill.name, satoshis(losses?.buyerLost), satoshis(losses?.sellerLost), chunks, held, seconds);
}

/** Absent numbers are those of a drill that broke before it could be added up. */
export function jsonRow({ drill, runs, losses, failures }: DrillResult): Record<string, unknown> {
  return {
    name: drill.name,
    ...(losses && {
      buyerLostSats: `${losses.buyerLost}`,
      sellerLostSats: `${losses.sellerLost}`,
      sellerLostChunks: losses.sellerLostChunks,
    }),
    runs,
    ok: failures.length === 0,
  };
}

function satoshis(amount: bigint | undefined): string {
  return amount === undefined ? '?' : `${amount} sat`;
}

function row(name: string, ...cells: readonly string[]): string {
  return `${name.padEnd(30)}${cells.map((cell) => cell.padStart(15)).join('')}`;
}
