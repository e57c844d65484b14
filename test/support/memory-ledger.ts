import { nodeMethods } from '../../local/chain/embedded-node.ts';
import { admitTransaction, mineBlock, newLedger, setInvalidated } from '../../local/chain/ledger.ts';
import type { RpcMethods } from '../../local/chain/rpc-method.ts';
import { answerText, createRpcServer } from '../../local/chain/rpc-server.ts';
import type { StoredLedger } from '../../local/chain/stored-ledger.ts';
import { type LocalServer, listenOnLoopback } from '../../local/listen.ts';

/** The embedded ledger without its journal: as quick as memory, gone with the process. */
export interface MemoryLedger {
  readonly stored: StoredLedger;
  /** Answers JSON-RPC in this process, in place of the network. */
  readonly fetch: typeof globalThis.fetch;
  listen(): Promise<LocalServer>;
}

/** @param clock unix seconds */
export function memoryLedger(clock: () => number): MemoryLedger {
  const ledger = newLedger();
  const stored: StoredLedger = {
    ledger,
    admit: (transaction, admission) => admitTransaction(ledger, transaction, admission, clock()),
    mine: (count, payTo, withMempool) =>
      Array.from({ length: count }, () => mineBlock(ledger, payTo, clock(), withMempool)),
    setInvalidated: (record, invalidated) => setInvalidated(ledger, record, invalidated),
    setMockTime() {
      throw new Error('its time is the clock that it was given');
    },
    close: () => undefined,
  };
  const methods: RpcMethods = nodeMethods(stored);
  return {
    stored,
    async fetch(_, { body } = {}) {
      const { status, body: answer } = answerText(methods, String(body));
      return new Response(JSON.stringify(answer), { status });
    },
    listen: () => listenOnLoopback(createRpcServer(methods), 0),
  };
}
