/** Resident memory over a run, 10^6 bytes. Flat memory is a last quarter that is no more than the others. */
export interface MemoryOverTime {
  readonly minimum: number;
  readonly median: number;
  readonly maximum: number;
  /** Medians of the run's quarters, in order. */
  readonly quarters: readonly number[];
}

/** @param samples bytes, taken at even times from the start to the end */
export function memoryOverTime(samples: readonly number[]): MemoryOverTime {
  // Before the program is there, and after it is gone, there is nothing to see.
  const seen = samples.filter((bytes) => bytes > 0);
  const quarter = (index: number) =>
    seen.slice(Math.floor((index * seen.length) / 4), Math.floor(((index + 1) * seen.length) / 4));
  return {
    minimum: megabytes(seen, 0),
    median: megabytes(seen, 0.5),
    maximum: megabytes(seen, 1),
    quarters: [0, 1, 2, 3].map((index) => megabytes(quarter(index), 0.5)),
  };
}

/** @param rank 0 for the least, 1 for the most */
function megabytes(samples: readonly number[], rank: number): number {
  const sorted = [...samples].sort((a, b) => a - b);
  return Math.round((sorted[Math.round(rank * (sorted.length - 1))] ?? Number.NaN) / 1e6);
}
