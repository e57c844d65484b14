import { Worker } from 'node:worker_threads';
import type { FetchOutcome, Held, SegmentFetch, SegmentPlace } from './outcome.ts';
import { type MoverOptions, segmentMover } from './segment-mover.ts';
import { errorOf, type WorkerAnswer, type WorkerRequest } from './worker-messages.ts';

/** A segment mover that may be in another thread; it throws as the mover does. */
export interface SegmentWorker {
  look(place: SegmentPlace, length: number): Promise<Held>;
  fetch(fetch: SegmentFetch, signal: AbortSignal, onBytes: (count: number) => void): Promise<FetchOutcome>;
  close(): Promise<void>;
}

/** The same work in this thread: for a program that has no built file for a worker, and for tests. */
export function workerInThisThread(options: MoverOptions): SegmentWorker {
  const mover = segmentMover(options);
  return {
    look: async (place, length) => mover.look(place, length),
    fetch: mover.fetch,
    close: async () => mover.close(),
  };
}

interface Task {
  readonly onBytes: (count: number) => void;
  readonly resolve: (answer: WorkerAnswer) => void;
  readonly reject: (error: Error) => void;
}

/** @param file the built segment-worker.ts */
export function startWorker(file: URL, options: MoverOptions): SegmentWorker {
  const worker = new Worker(file, { workerData: options });
  const tasks = new Map<number, Task>();
  let lastId = 0;

  worker.on('message', (answer: WorkerAnswer) => {
    const task = tasks.get(answer.id);
    if (!task) return;
    if (answer.kind === 'bytes') return task.onBytes(answer.count);
    tasks.delete(answer.id);
    if (answer.kind === 'failed') task.reject(errorOf(answer.error));
    else task.resolve(answer);
  });
  const died = (error: Error) => {
    for (const task of tasks.values()) task.reject(error);
    tasks.clear();
  };
  worker.on('error', died).on('exit', () => died(new Error('the worker ended')));

  const ask = (request: (id: number) => WorkerRequest, onBytes: (count: number) => void) => {
    lastId += 1;
    const id = lastId;
    const answer = new Promise<WorkerAnswer>((resolve, reject) =>
      tasks.set(id, { onBytes, resolve, reject }),
    );
    worker.postMessage(request(id));
    return { id, answer };
  };
  return {
    async look(place, length) {
      const answer = await ask(
        (id) => ({ kind: 'look', id, place, length }),
        () => undefined,
      ).answer;
      if (answer.kind !== 'looked') throw new Error(`a worker answers a look with ${answer.kind}`);
      return answer.held;
    },
    async fetch(fetch, signal, onBytes) {
      const task = ask((id) => ({ kind: 'fetch', id, fetch }), onBytes);
      const stop = () => worker.postMessage({ kind: 'stop', id: task.id } satisfies WorkerRequest);
      signal.addEventListener('abort', stop, { once: true });
      try {
        const answer = await task.answer;
        if (answer.kind !== 'fetched') throw new Error(`a worker answers a fetch with ${answer.kind}`);
        return answer.outcome;
      } finally {
        signal.removeEventListener('abort', stop);
      }
    },
    async close() {
      await worker.terminate();
    },
  };
}
