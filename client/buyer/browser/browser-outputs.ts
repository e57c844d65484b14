import { fileStarts, type Span } from '../../../shared/dataset/layout.ts';
import type { Manifest } from '../../../shared/dataset/manifest.ts';
import { chunkSizeAt } from '../../../shared/protocol/price.ts';
import { BuyerError } from '../errors.ts';
import type { DatasetToKeep, OutputFiles, Outputs, TransferOptions } from '../outputs.ts';
import { type SegmentWorker, segmentWorkerOf, workerTasks } from '../transfer/segment-worker-tasks.ts';
import { type TransferPool, transferPool } from '../transfer/transfer-pool.ts';
import { chunkFileName, datasetFolder, fileIn, noteFileName } from './dataset-folder.ts';
import { notHere, storedBytes } from './saved-dataset.ts';

/** Datasets have one place in a browser, so that a dataset of a seller is one purchase there. */
const PLACE = 'this browser';

/**
 * The page's own file system, filled by a worker.
 * @param segmentWorker the built segment-worker.ts of this folder
 */
export function browserOutputs(segmentWorker: URL): Outputs {
  return {
    resolve: () => PLACE,
    // Nothing of the buyer's own can be in it.
    refuseOverwriting: async () => undefined,
    open: openFolder,
    transfers: (options) => startTransfers(segmentWorker, options),
  };
}

function startTransfers(file: URL, { connections, limitRate }: TransferOptions): TransferPool {
  if (limitRate !== undefined)
    throw new BuyerError('usage', 'A browser does not limit the rate of transfers.');
  return transferPool([() => startWorker(file)], connections);
}

function startWorker(file: URL): SegmentWorker {
  const worker = new Worker(file, { type: 'module' });
  const post = (request: object) => worker.postMessage(request);
  const tasks = workerTasks(post);
  worker.onmessage = ({ data }) => tasks.answered(data);
  worker.onerror = ({ message }) => tasks.died(new Error(`the worker failed: ${message}`));
  const close = async () => {
    worker.terminate();
    tasks.died(new Error('the worker ended'));
  };
  return segmentWorkerOf(tasks, post, close);
}

async function openFolder(output: string, { manifest, manifestId }: DatasetToKeep): Promise<OutputFiles> {
  const folder = await datasetFolder(manifestId);
  const starts = fileStarts(manifest.files);
  const isThere = async (span: Span): Promise<boolean> => {
    for (const { chunk, end } of chunksOf(manifest, span)) {
      const file = await fileIn(folder, chunkFileName(chunk));
      if (!file || file.size < end) return false;
    }
    return true;
  };
  return {
    output,
    place(segment) {
      const chunk = Math.floor(segment.start / manifest.chunkSize);
      const piece = {
        path: chunkFileName(chunk),
        size: chunkSizeAt(manifest, chunk),
        offset: segment.start - chunk * manifest.chunkSize,
        length: segment.length,
      };
      return { output: manifestId, partial: manifestId, pieces: [piece] };
    },
    isThere,
    // The worker flushes each segment before it says that it has come.
    sync: async () => undefined,
    // Files come into being when they are handed out: see saved-dataset.ts.
    finish: async () => undefined,
    discard: async () => undefined,
    async freeBytes() {
      const { quota = 0, usage = 0 } = await navigator.storage.estimate();
      return quota - usage;
    },
    isFinished(file) {
      const start = starts[file] ?? 0;
      return isThere({ start, length: (starts[file + 1] ?? start) - start });
    },
    async *read(file, offset, length) {
      const span = { start: (starts[file] ?? 0) + offset, length };
      const blob = await storedBytes(manifestId, manifest.chunkSize, span);
      const reader = (blob ?? notHere(manifest.files[file]?.path ?? '')).stream().getReader();
      for (;;) {
        const { value } = await reader.read();
        if (!value) return;
        yield value;
      }
    },
    async writeNote(path, lines) {
      const handle = await folder.getFileHandle(noteFileName(path), { create: true });
      const file = await handle.createWritable();
      await file.write(new Blob([...lines]));
      await file.close();
    },
  };
}

/** The chunks that a run of bytes lies in, and where in each it ends. */
function chunksOf({ chunkSize }: Manifest, { start, length }: Span): { chunk: number; end: number }[] {
  const first = Math.floor(start / chunkSize);
  const count = Math.ceil((start + length) / chunkSize) - first;
  return Array.from({ length: Math.max(0, count) }, (_, index) => {
    const chunk = first + index;
    return { chunk, end: Math.min(chunkSize, start + length - chunk * chunkSize) };
  });
}
