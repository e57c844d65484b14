import { type RangedGet, rangedGet } from './ranged-get.ts';

/** A purchase's connections to the object store, shared by all chunks that are under way. */
export interface TransferPool {
  /**
   * Runs a transfer as soon as a connection is free. What lies nearest to the dataset's beginning goes first, so that a later
   * chunk takes only the connections that an earlier one leaves idle.
   * @param position of the transfer's first byte in the dataset
   */
  run<T>(position: number, signal: AbortSignal, transfer: (get: RangedGet) => Promise<T>): Promise<T>;
  close(): void;
}

export interface TransferPoolOptions {
  readonly connections: number;
  /** Milliseconds without a byte after which a connection counts as dead. */
  readonly idleTimeout?: number;
}

interface Waiting {
  readonly position: number;
  readonly start: () => void;
}

export function transferPool({ connections, idleTimeout }: TransferPoolOptions): TransferPool {
  const get = rangedGet(connections, idleTimeout);
  const waiting: Waiting[] = [];
  let running = 0;

  const startNext = () => {
    while (running < connections) {
      const next = waiting.shift();
      if (!next) return;
      running += 1;
      next.start();
    }
  };
  const connection = (position: number, signal: AbortSignal) =>
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

  return {
    async run(position, signal, transfer) {
      await connection(position, signal);
      try {
        return await transfer(get);
      } finally {
        running -= 1;
        startNext();
      }
    },
    close: () => get.close(),
  };
}
