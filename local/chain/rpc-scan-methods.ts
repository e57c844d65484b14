import { type BlockRecord, type ChainState, tipOf } from './chain-state.ts';
import { bytesToHex } from './hex.ts';
import { type RpcArguments, scriptOfDescriptor } from './rpc-arguments.ts';
import { RpcError, rpcCodes } from './rpc-error.ts';
import type { RpcMethods } from './rpc-method.ts';
import { toCoins } from './rpc-views.ts';

/** Searching blocks and coins by script. */
export const scanMethods = (chain: ChainState): RpcMethods => ({
  scanblocks: {
    names: ['action', 'scanobjects', 'start_height', 'stop_height'],
    run(call) {
      const scripts = scriptsToFind(call);
      const from = call.integer(2, 'start_height', 0);
      const to = call.integer(3, 'stop_height', tipOf(chain).height);
      if (!chain.active[from]) throw new RpcError(rpcCodes.misc, 'Invalid start_height');
      if (!chain.active[to] || to < from) throw new RpcError(rpcCodes.misc, 'Invalid stop_height');
      const relevant = chain.active.slice(from, to + 1).filter((record) => touches(record, scripts));
      return {
        from_height: from,
        to_height: to,
        relevant_blocks: relevant.map(({ hash }) => hash),
        completed: true,
      };
    },
  },
  scantxoutset: {
    names: ['action', 'scanobjects'],
    run(call) {
      const scripts = scriptsToFind(call);
      const tip = tipOf(chain);
      const found = [...chain.coins].filter(([, coin]) => scripts.has(bytesToHex(coin.script)));
      return {
        success: true,
        txouts: chain.coins.size,
        height: tip.height,
        bestblock: tip.hash,
        unspents: found.map(([key, coin]) => ({
          txid: key.slice(0, 64),
          vout: Number(key.slice(65)),
          scriptPubKey: bytesToHex(coin.script),
          amount: toCoins(coin.value),
          coinbase: coin.coinbase,
          height: coin.height,
          blockhash: chain.active[coin.height]?.hash,
          confirmations: tip.height - coin.height + 1,
        })),
        total_amount: toCoins(found.reduce((sum, [, coin]) => sum + coin.value, 0n)),
      };
    },
  },
});

function scriptsToFind(call: RpcArguments): ReadonlySet<string> {
  const action = call.text(0, 'action');
  if (action !== 'start') throw new RpcError(rpcCodes.invalidParameter, `Invalid action '${action}'`);
  return new Set(call.list(1, 'scanobjects').map((item) => bytesToHex(scriptOfDescriptor(item))));
}

/** Does a block pay to one of the scripts or spend from it? That is what its BIP158 filter would tell. */
function touches(record: BlockRecord, scripts: ReadonlySet<string>): boolean {
  const wanted = ({ script }: { script: Uint8Array }): boolean => scripts.has(bytesToHex(script));
  const pays = record.transactions.some(({ tx }) => tx.outs.some(wanted));
  return pays || record.spent.some(([, coin]) => wanted(coin));
}
