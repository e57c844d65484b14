import type { Span } from '../../shared/dataset/layout.ts';
import type { DatasetFiles } from './dataset-files.ts';

/** Brings what was written to the disk while more is written, so that little is left to wait for before a payment. */
export interface BackgroundSync {
  add(span: Span): void;
  /** Returns once everything that was added is on the disk. */
  end(): Promise<void>;
}

/** @param every so many bytes; those of one time go together */
export function backgroundSync(files: Pick<DatasetFiles, 'sync'>, every: number): BackgroundSync {
  let spans: Span[] = [];
  let bytes = 0;
  let tail: Promise<void> = Promise.resolve();

  const start = () => {
    const mine = spans;
    spans = [];
    bytes = 0;
    if (mine.length > 0) tail = tail.then(() => files.sync(mine));
    // Whoever waits for the end is told.
    tail.catch(() => undefined);
  };
  return {
    add(span) {
      spans.push(span);
      bytes += span.length;
      if (bytes >= every) start();
    },
    end() {
      start();
      return tail;
    },
  };
}
