import { parentPort, workerData } from 'node:worker_threads';
import { type MoverOptions, segmentMover } from './segment-mover.ts';
import { failureMessage, type WorkerAnswer, type WorkerRequest } from './worker-messages.ts';

/** The entry of a worker thread: takes requests as they come and answers each once, with counts of bytes in between. */

/** Bytes between two counts: often enough for a progress bar, too seldom to cost anything. */
const REPORT_BYTES = 1024 * 1024;

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
  const report = (least: number) => {
    if (count < least) return;
    answer({ kind: 'bytes', id, count });
    count = 0;
  };
  try {
    const outcome = await mover.fetch(request.fetch, stop.signal, (bytes) => {
      count += bytes;
      report(REPORT_BYTES);
    });
    report(1);
    answer({ kind: 'fetched', id, outcome });
  } finally {
    running.delete(id);
  }
}
