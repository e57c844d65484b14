/** Brings what was written to the disk while more is written, so that little is left to wait for before a payment. */
export interface BackgroundSync {
  add(segment: number, bytes: number): void;
  /** Returns once everything that was added is on the disk. */
  end(): Promise<void>;
}

export interface SyncSteps {
  readonly sync: (segments: readonly number[]) => Promise<void>;
  /** Told of what is on the disk for good while more is to come. */
  readonly onSynced: (segments: readonly number[]) => Promise<void>;
}

/** @param every so many bytes; those of one time go together */
export function backgroundSync({ sync, onSynced }: SyncSteps, every: number): BackgroundSync {
  let segments: number[] = [];
  let bytes = 0;
  let tail: Promise<void> = Promise.resolve();

  const start = (then: SyncSteps['onSynced']) => {
    const mine = segments;
    segments = [];
    bytes = 0;
    if (mine.length === 0) return;
    tail = tail.then(() => sync(mine)).then(() => then(mine));
    // Whoever waits for the end is told.
    tail.catch(() => undefined);
  };
  return {
    add(segment, length) {
      segments.push(segment);
      bytes += length;
      if (bytes >= every) start(onSynced);
    },
    end() {
      start(async () => undefined);
      return tail;
    },
  };
}
