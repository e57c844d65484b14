import { datasetFiles } from '../../client/buyer/dataset-files.ts';
import { downloadChunk } from '../../client/buyer/download.ts';
import { BuyerError } from '../../client/buyer/errors.ts';
import { nodeTransfers } from '../../client/buyer/transfer/node-transfers.ts';
import type { Manifest } from '../../shared/dataset/manifest.ts';

/** A program for tests: downloads a chunk by real workers, and prints how it went as JSON. */
export interface DownloadProcessTask {
  readonly manifest: Manifest;
  readonly folder: string;
  readonly url: string;
  readonly begun: boolean;
  readonly worker: string;
}

async function run(): Promise<object> {
  const task = JSON.parse(process.argv[2] ?? '') as DownloadProcessTask;
  const pool = nodeTransfers({
    connections: 4,
    environment: process.env,
    workerFile: new URL(`file://${task.worker}`),
  });
  let bytes = 0;
  try {
    const files = await datasetFiles(task.folder, task.manifest.files, '.partial');
    await downloadChunk({
      manifest: task.manifest,
      files,
      pool,
      chunk: 0,
      begun: task.begun,
      link: async () => task.url,
      retry: { retries: 1, firstDelay: 1 },
      onBytes: (count) => {
        bytes += count;
      },
    });
    await files.finish();
    return { bytes };
  } catch (error) {
    if (error instanceof BuyerError) return { code: error.code, message: error.message };
    throw error;
  } finally {
    await pool.close();
  }
}

void run().then((result) => process.stdout.write(JSON.stringify(result)));
