import { failureMessage, type WorkerAnswer, type WorkerRequest } from '../transfer/worker-messages.ts';
import { chunkFiles } from './chunk-files.ts';
import { datasetFolder } from './dataset-folder.ts';
import { segmentReceiver } from './segment-receiver.ts';

/** The entry of a page's worker: takes requests as they come and answers each once, with counts of bytes in between. */

interface WorkerScope {
  onmessage: (event: MessageEvent<WorkerRequest>) => void;
  postMessage(message: WorkerAnswer): void;
}

const scope = globalThis as unknown as WorkerScope;
const receiver = segmentReceiver(chunkFiles(datasetFolder));
const running = new Map<number, AbortController>();

scope.onmessage = ({ data: request }) => {
  if (request.kind === 'stop') running.get(request.id)?.abort();
  else
    void work(request).catch((error: unknown) =>
      scope.postMessage({ kind: 'failed', id: request.id, error: failureMessage(error) }),
    );
};

async function work(request: Exclude<WorkerRequest, { kind: 'stop' }>): Promise<void> {
  const { id } = request;
  if (request.kind === 'look') {
    const held = await receiver.look(request.place, request.length);
    return scope.postMessage({ kind: 'looked', id, held });
  }
  const stop = new AbortController();
  running.set(id, stop);
  try {
    const outcome = await receiver.fetch(request.fetch, stop.signal, (count) =>
      scope.postMessage({ kind: 'bytes', id, count }),
    );
    scope.postMessage({ kind: 'fetched', id, outcome });
  } finally {
    running.delete(id);
  }
}
