import { parentPort, workerData } from 'node:worker_threads';
import { systemClock } from '../../../shared/clock.ts';
import { type MoverOptions, segmentMover } from './segment-mover.ts';
import { failureMessage, type WorkerAnswer, type WorkerRequest } from './worker-messages.ts';

/** The entry of a worker thread: takes requests as they come and answers each once, with counts of bytes in between. */

/**
 * Milliseconds between two counts: often enough for a progress bar. Each wakes the purchase's thread, which at full speed takes a
 * core from hashing.
 */
const REPORT_EVERY = 100;

const port = parentPort;
if (!port) throw new Error('this file is a worker');
const mover = segmentMover(workerData as MoverOptions);
const running = new Map<number, AbortController>();
const answer = (message: WorkerAnswer) => port.postMessage(message);

port.on('message', (request: WorkerRequest) => {
  if (request.kind === 'stop') running.get(request.id)?.abort();
  else
    void work(request).catch((error) =>
      answer({ kind: 'failed', id: request.id, error: failureMessage(error) }),
    );
});

async function work(request: Exclude<WorkerRequest, { kind: 'stop' }>): Promise<void> {
  const { id } = request;
  if (request.kind === 'look') {
    answer({ kind: 'looked', id, held: mover.look(request.place, request.length) });
    return;
  }
  const stop = new AbortController();
  running.set(id, stop);
  let count = 0;
  let told = systemClock.now();
  try {
    const outcome = await mover.fetch(request.fetch, stop.signal, (bytes) => {
      count += bytes;
      const now = systemClock.now();
      if (now - told < REPORT_EVERY) return;
      answer({ kind: 'bytes', id, count });
      count = 0;
      told = now;
    });
    // What was not told of by then, the outcome tells.
    answer({ kind: 'fetched', id, outcome });
  } finally {
    running.delete(id);
  }
}
