import { availableParallelism } from 'node:os';
import type { ProxyEnvironment } from './proxy.ts';
import { sharedRate } from './rate-limit.ts';
import type { MoverOptions } from './segment-mover.ts';
import type { SegmentWorker } from './segment-worker-tasks.ts';
import { startWorker, workerInThisThread } from './start-worker.ts';
import { type TransferPool, transferPool } from './transfer-pool.ts';

export interface NodeTransferOptions {
  /** Transfers at the same time; fewer while the server says that it is overloaded. */
  readonly connections: number;
  /** The built worker; without it everything runs in this thread. */
  readonly workerFile?: URL | undefined;
  /** Where proxies are named. */
  readonly environment: ProxyEnvironment;
  /** Bytes a second. */
  readonly limitRate?: number | undefined;
  /** Milliseconds in which something must come. */
  readonly stallTimeout?: number;
}

const STALL_TIMEOUT = 30_000;

/** Two bring a loopback server's speed on two cores; four are beyond what networks bring. */
const MAX_WORKERS = 4;

/** A pool whose workers are threads. */
export function nodeTransfers(options: NodeTransferOptions): TransferPool {
  return transferPool(workersOf(options), options.connections);
}

function workersOf(options: NodeTransferOptions): (() => SegmentWorker)[] {
  const { connections, workerFile, environment, limitRate, stallTimeout = STALL_TIMEOUT } = options;
  const each: MoverOptions = {
    environment,
    stallTimeout,
    ...(limitRate !== undefined && { limit: sharedRate(limitRate) }),
  };
  if (!workerFile) return [() => workerInThisThread(each)];
  const count = Math.min(connections, MAX_WORKERS, Math.max(2, availableParallelism()));
  return Array.from({ length: count }, () => () => startWorker(workerFile, each));
}
