import { Worker } from 'node:worker_threads';
import { type MoverOptions, segmentMover } from './segment-mover.ts';
import { type SegmentWorker, segmentWorkerOf, workerTasks } from './segment-worker-tasks.ts';

/** The same work in this thread: for a program that has no built file for a worker, and for tests. */
export function workerInThisThread(options: MoverOptions): SegmentWorker {
  const mover = segmentMover(options);
  return {
    look: async (place, length) => mover.look(place, length),
    fetch: mover.fetch,
    close: async () => mover.close(),
  };
}

/** @param file the built segment-worker.ts */
export function startWorker(file: URL, options: MoverOptions): SegmentWorker {
  const worker = new Worker(file, { workerData: options });
  const post = (request: object) => worker.postMessage(request);
  const tasks = workerTasks(post);
  worker.on('message', tasks.answered);
  worker.on('error', tasks.died).on('exit', () => tasks.died(new Error('the worker ended')));
  return segmentWorkerOf(tasks, post, async () => {
    await worker.terminate();
  });
}
