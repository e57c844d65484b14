import type { FetchOutcome, Held, SegmentFetch, SegmentPlace } from './outcome.ts';
import { errorOf, type WorkerAnswer, type WorkerRequest } from './worker-messages.ts';

/** A segment mover that may be in another thread; it throws as the mover does. */
export interface SegmentWorker {
  look(place: SegmentPlace, length: number): Promise<Held>;
  fetch(fetch: SegmentFetch, signal: AbortSignal, onBytes: (count: number) => void): Promise<FetchOutcome>;
  close(): Promise<void>;
}

/** What was asked of a worker and is not answered yet. */
export interface WorkerTasks {
  /** Sends a request under a number of its own. */
  ask(
    request: (id: number) => { readonly id: number },
    onBytes?: (count: number) => void,
  ): { readonly id: number; readonly answer: Promise<WorkerAnswer> };
  answered(answer: WorkerAnswer): void;
  /** Nothing more will be answered. */
  died(error: Error): void;
}

interface Task {
  readonly onBytes: (count: number) => void;
  readonly resolve: (answer: WorkerAnswer) => void;
  readonly reject: (error: Error) => void;
}

export function workerTasks(post: (request: { readonly id: number }) => void): WorkerTasks {
  const tasks = new Map<number, Task>();
  let lastId = 0;
  return {
    ask(request, onBytes = () => undefined) {
      lastId += 1;
      const id = lastId;
      const answer = new Promise<WorkerAnswer>((resolve, reject) =>
        tasks.set(id, { onBytes, resolve, reject }),
      );
      post(request(id));
      return { id, answer };
    },
    answered(answer) {
      const task = tasks.get(answer.id);
      if (!task) return;
      if (answer.kind === 'bytes') return task.onBytes(answer.count);
      tasks.delete(answer.id);
      if (answer.kind === 'failed') task.reject(errorOf(answer.error));
      else task.resolve(answer);
    },
    died(error) {
      for (const task of tasks.values()) task.reject(error);
      tasks.clear();
    },
  };
}

/** A worker that is asked by messages. */
export function segmentWorkerOf(
  tasks: WorkerTasks,
  post: (request: WorkerRequest) => void,
  close: () => Promise<void>,
): SegmentWorker {
  return {
    async look(place, length) {
      const answer = await tasks.ask((id): WorkerRequest => ({ kind: 'look', id, place, length })).answer;
      if (answer.kind !== 'looked') throw new Error(`a worker answers a look with ${answer.kind}`);
      return answer.held;
    },
    async fetch(fetch, signal, onBytes) {
      const task = tasks.ask((id): WorkerRequest => ({ kind: 'fetch', id, fetch }), onBytes);
      const stop = () => post({ kind: 'stop', id: task.id });
      signal.addEventListener('abort', stop, { once: true });
      try {
        const answer = await task.answer;
        if (answer.kind !== 'fetched') throw new Error(`a worker answers a fetch with ${answer.kind}`);
        return answer.outcome;
      } finally {
        signal.removeEventListener('abort', stop);
      }
    },
    close,
  };
}
