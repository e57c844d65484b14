import {
  ancestorsOf,
  childrenOf,
  descendantsOf,
  inTopologicalOrder,
  type Mempool,
  type MempoolEntry,
  parentsOf,
} from './mempool.ts';
import { MIN_RELAY_FEE_RATE } from './mempool-policy.ts';
import { INCREMENTAL_FEE_RATE } from './replacement-rules.ts';
import { checkedHash } from './rpc-arguments.ts';
import { RpcError, rpcCodes } from './rpc-error.ts';
import type { RpcMethods } from './rpc-method.ts';
import { toCoins } from './rpc-views.ts';
import type { StoredLedger } from './stored-ledger.ts';
import { outpointKey } from './transaction-record.ts';

const MAX_MEMPOOL_BYTES = 300_000_000;
const MAX_CONFIRMATION_TARGET = 1008;

/** What waits for a block, and what it takes to get in. */
export function mempoolMethods(stored: StoredLedger): RpcMethods {
  const { mempool } = stored.ledger;
  return {
    getrawmempool: {
      names: ['verbose'],
      run: () => inTopologicalOrder(mempool).map(({ txid }) => txid),
    },
    getmempoolentry: {
      names: ['txid'],
      run(call) {
        const entry = mempool.entries.get(call.hash(0, 'txid'));
        if (!entry) throw new RpcError(rpcCodes.invalidAddressOrKey, 'Transaction not in mempool');
        return entryView(mempool, entry);
      },
    },
    getmempoolinfo: { names: [], run: () => mempoolInfo(mempool) },
    gettxspendingprevout: {
      names: ['outputs'],
      run: (call) => call.list(0, 'outputs').map((output) => spenderView(mempool, output)),
    },
    getnetworkinfo: {
      names: [],
      run: () => ({
        version: 290000,
        subversion: '/spillway-ledger/',
        connections: 0,
        relayfee: toCoins(MIN_RELAY_FEE_RATE),
        incrementalfee: toCoins(INCREMENTAL_FEE_RATE),
        warnings: [],
      }),
    },
    estimatesmartfee: {
      names: ['conf_target', 'estimate_mode'],
      run(call) {
        const target = call.integer(0, 'conf_target');
        if (target < 1 || target > MAX_CONFIRMATION_TARGET) {
          const range = `must be between 1 and ${MAX_CONFIRMATION_TARGET}`;
          throw new RpcError(rpcCodes.invalidParameter, `Invalid conf_target, ${range}`);
        }
        // There is no fee market to learn from, on a real node's regtest neither: not one block told anything.
        return { errors: ['Insufficient data or no feerate found'], blocks: 0 };
      },
    },
  };
}

function mempoolInfo(mempool: Mempool): Record<string, unknown> {
  const entries = [...mempool.entries.values()];
  return {
    loaded: true,
    size: entries.length,
    bytes: sizeOf(entries),
    total_fee: toCoins(feesOf(entries)),
    maxmempool: MAX_MEMPOOL_BYTES,
    mempoolminfee: toCoins(MIN_RELAY_FEE_RATE),
    minrelaytxfee: toCoins(MIN_RELAY_FEE_RATE),
    incrementalrelayfee: toCoins(INCREMENTAL_FEE_RATE),
    fullrbf: true,
  };
}

function entryView(mempool: Mempool, entry: MempoolEntry): Record<string, unknown> {
  const ancestors = [entry, ...ancestorsOf(mempool, entry)];
  const descendants = [entry, ...descendantsOf(mempool, entry)];
  return {
    vsize: entry.vsize,
    weight: entry.tx.weight(),
    time: entry.time,
    height: entry.height,
    descendantcount: descendants.length,
    descendantsize: sizeOf(descendants),
    ancestorcount: ancestors.length,
    ancestorsize: sizeOf(ancestors),
    wtxid: entry.wtxid,
    fees: {
      base: toCoins(entry.fee),
      modified: toCoins(entry.fee),
      ancestor: toCoins(feesOf(ancestors)),
      descendant: toCoins(feesOf(descendants)),
    },
    depends: parentsOf(mempool, entry).map(({ txid }) => txid),
    spentby: childrenOf(mempool, entry).map(({ txid }) => txid),
    'bip125-replaceable': true,
    unbroadcast: false,
  };
}

function spenderView(mempool: Mempool, output: unknown): Record<string, unknown> {
  const { txid, vout } = parseOutpoint(output);
  const spender = mempool.spenders.get(outpointKey(txid, vout));
  return { txid, vout, ...(spender && { spendingtxid: spender.txid }) };
}

function parseOutpoint(output: unknown): { txid: string; vout: number } {
  if (typeof output === 'object' && output !== null && 'txid' in output && 'vout' in output) {
    const { txid, vout } = output;
    if (typeof txid === 'string' && typeof vout === 'number')
      return { txid: checkedHash(txid, 'txid'), vout };
  }
  throw new RpcError(rpcCodes.type, 'Missing txid or vout');
}

const sizeOf = (entries: readonly MempoolEntry[]): number =>
  entries.reduce((sum, { vsize }) => sum + vsize, 0);
const feesOf = (entries: readonly MempoolEntry[]): bigint => entries.reduce((sum, { fee }) => sum + fee, 0n);
