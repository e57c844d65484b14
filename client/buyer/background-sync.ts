/** Brings what was written to the disk while more is written, so that little is left to wait for before a payment. */
export interface BackgroundSync {
  /** A segment that is written and checked. */
  add(segment: number, bytes: number): void;
  /** Returns once everything that was added is on the disk. */
  end(): Promise<void>;
}

export interface SyncSteps {
  readonly sync: (segments: readonly number[]) => Promise<void>;
  /** Told of what is on the disk for good while more is to come. */
  readonly onSynced: (segments: readonly number[]) => Promise<void>;
}

/** @param tell bytes that are told of together */
export function backgroundSync({ sync, onSynced }: SyncSteps, tell: number): BackgroundSync {
  let waiting: Batch = NOTHING;
  let synced: Batch = NOTHING;
  let busy = false;
  let ending = false;
  let tail: Promise<void> = Promise.resolve();

  const syncAll = async () => {
    while (waiting.segments.length > 0) {
      const batch = waiting;
      waiting = NOTHING;
      await sync(batch.segments);
      synced = together(synced, batch);
      if (synced.bytes < tell || ending) continue;
      const { segments } = synced;
      synced = NOTHING;
      await onSynced(segments);
    }
    busy = false;
  };
  return {
    add(segment, bytes) {
      waiting = together(waiting, { segments: [segment], bytes });
      // What comes while the disk is busy goes together with the next; once it failed, nothing does.
      if (busy) return;
      busy = true;
      tail = tail.then(syncAll);
      // Whoever waits for the end is told.
      tail.catch(() => undefined);
    },
    end() {
      ending = true;
      return tail;
    },
  };
}

interface Batch {
  readonly segments: readonly number[];
  readonly bytes: number;
}

const NOTHING: Batch = { segments: [], bytes: 0 };

function together(a: Batch, b: Batch): Batch {
  return { segments: [...a.segments, ...b.segments], bytes: a.bytes + b.bytes };
}
