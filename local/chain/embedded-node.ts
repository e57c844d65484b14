import type { AddressInfo } from 'node:net';
import { blockMethods } from './rpc-block-methods.ts';
import { mempoolMethods } from './rpc-mempool-methods.ts';
import type { RpcMethods } from './rpc-method.ts';
import { miningMethods } from './rpc-mining-methods.ts';
import { packageMethods } from './rpc-package-methods.ts';
import { scanMethods } from './rpc-scan-methods.ts';
import { createRpcServer } from './rpc-server.ts';
import { transactionMethods } from './rpc-transaction-methods.ts';
import { openLedger, type StoredLedger } from './stored-ledger.ts';

export interface EmbeddedNode {
  readonly url: string;
  stop(): Promise<void>;
}

/**
 * The embedded regtest ledger behind Core's JSON-RPC, on a port of the system's choice.
 * @param dataFolder where its journal is kept; one process at a time
 * @param clock unix seconds
 * @throws if the journal in the folder is damaged anywhere but at its end
 */
export async function startEmbeddedNode(
  dataFolder: string,
  clock: () => number = () => Math.floor(Date.now() / 1000),
): Promise<EmbeddedNode> {
  const stored = openLedger(dataFolder, clock);
  let stopping: Promise<void> | undefined;
  const stop = (): Promise<void> => {
    stopping ??= new Promise((resolve) => {
      server.close(() => {
        stored.close();
        resolve();
      });
      // The answer to `stop` itself is still on its way; idle connections must not hold the process.
      setImmediate(() => server.closeIdleConnections());
    });
    return stopping;
  };
  const methods: RpcMethods = {
    ...nodeMethods(stored),
    stop: {
      names: [],
      run() {
        void stop();
        return 'Embedded ledger stopping';
      },
    },
  };
  const server = createRpcServer(methods);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, stop };
}

/** Every call that a node answers about a ledger. */
export function nodeMethods(stored: StoredLedger): RpcMethods {
  const { chain } = stored.ledger;
  return {
    ...blockMethods(chain),
    ...scanMethods(chain),
    ...mempoolMethods(stored),
    ...transactionMethods(stored),
    ...packageMethods(stored),
    ...miningMethods(stored),
  };
}
