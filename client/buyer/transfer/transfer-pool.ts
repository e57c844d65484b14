import { allowance } from './allowance.ts';
import type { FetchOutcome, Held, SegmentFetch, SegmentPlace } from './outcome.ts';
import type { SegmentWorker } from './segment-worker-tasks.ts';

/**
 * A purchase's connections to the object store, and the workers that own them, shared by all chunks that are under way. What
 * lies nearest to the dataset's beginning goes first, so that a later chunk takes only the connections that an earlier one
 * leaves idle.
 */
export interface TransferPool {
  /**
   * Looks at what the disk holds of a segment.
   * @param position of its first byte in the dataset
   * @param place asked when its turn has come
   */
  look(position: number, signal: AbortSignal, place: () => SegmentPlace, length: number): Promise<Held>;
  /**
   * @param fetch asked when its turn has come
   * @throws BuyerError usage or disk, or the system's error, where the files cannot be written; what the signal says
   */
  fetch(
    position: number,
    signal: AbortSignal,
    fetch: () => Promise<SegmentFetch>,
    onBytes: (count: number) => void,
  ): Promise<FetchOutcome>;
  close(): Promise<void>;
}

interface Waiting {
  readonly position: number;
  readonly start: () => void;
}

interface PoolWorker {
  readonly start: () => SegmentWorker;
  started?: SegmentWorker;
  tasks: number;
}

/**
 * @param starts each starts a worker, once those that run have something to do: a thread costs the processor more than the rest
 *   of a command that moves nothing
 * @param connections transfers at the same time; fewer while the server says that it is overloaded
 */
export function transferPool(starts: readonly (() => SegmentWorker)[], connections: number): TransferPool {
  const workers = starts.map((start): PoolWorker => ({ start, tasks: 0 }));
  const waiting: Waiting[] = [];
  const allowed = allowance(connections);
  let running = 0;

  const startNext = () => {
    while (running < allowed.now()) {
      const next = waiting.shift();
      if (!next) return;
      running += 1;
      next.start();
    }
  };
  const turn = (position: number, signal: AbortSignal) =>
    new Promise<void>((resolve, reject) => {
      const leave = () => {
        waiting.splice(waiting.indexOf(entry), 1);
        reject(signal.reason);
      };
      const entry: Waiting = {
        position,
        start: () => {
          signal.removeEventListener('abort', leave);
          resolve();
        },
      };
      signal.throwIfAborted();
      signal.addEventListener('abort', leave, { once: true });
      const after = waiting.findIndex((other) => other.position > position);
      waiting.splice(after < 0 ? waiting.length : after, 0, entry);
      startNext();
    });
  const run = async <T>(
    position: number,
    signal: AbortSignal,
    work: (worker: SegmentWorker) => Promise<T>,
  ): Promise<T> => {
    await turn(position, signal);
    const least = workers.reduce((a, b) => (b.tasks < a.tasks ? b : a));
    least.tasks += 1;
    try {
      least.started ??= least.start();
      return await work(least.started);
    } finally {
      least.tasks -= 1;
      running -= 1;
      startNext();
    }
  };

  return {
    look: (position, signal, place, length) =>
      run(position, signal, (worker) => worker.look(place(), length)),
    fetch: (position, signal, fetch, onBytes) =>
      run(position, signal, async (worker) => {
        const since = allowed.reductions();
        const outcome = await worker.fetch(await fetch(), signal, onBytes);
        signal.throwIfAborted();
        if (outcome.kind === 'broken' && outcome.busy) allowed.reduce(since);
        if (outcome.kind === 'received') allowed.calm();
        return outcome;
      }),
    async close() {
      await Promise.all(workers.map(({ started }) => started?.close()));
    },
  };
}
