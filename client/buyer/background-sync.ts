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

export interface SyncSizes {
  /** Bytes that are synced together. */
  readonly sync: number;
  /** Bytes that are told of together. */
  readonly tell: number;
}

export function backgroundSync({ sync, onSynced }: SyncSteps, sizes: SyncSizes): BackgroundSync {
  let waiting: Batch = NOTHING;
  let synced: Batch = NOTHING;
  let tail: Promise<void> = Promise.resolve();

  const bring = async (batch: Batch) => {
    await sync(batch.segments);
    synced = together(synced, batch);
    if (synced.bytes < sizes.tell) return;
    const { segments } = synced;
    synced = NOTHING;
    await onSynced(segments);
  };
  const start = (work: (batch: Batch) => Promise<void>) => {
    const batch = waiting;
    waiting = NOTHING;
    if (batch.segments.length === 0) return;
    tail = tail.then(() => work(batch));
    // Whoever waits for the end is told.
    tail.catch(() => undefined);
  };
  return {
    add(segment, bytes) {
      waiting = together(waiting, { segments: [segment], bytes });
      if (waiting.bytes >= sizes.sync) start(bring);
    },
    end() {
      start(({ segments }) => sync(segments));
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
