import { type BlockRecord, type ChainState, medianTimePast, tipOf } from './chain-state.ts';
import { RpcError, rpcCodes } from './rpc-error.ts';
import type { RpcMethods } from './rpc-method.ts';
import { blockView, headerView } from './rpc-views.ts';

export function blockByHash(chain: ChainState, hash: string): BlockRecord {
  const record = chain.blocks.get(hash);
  if (!record) throw new RpcError(rpcCodes.invalidAddressOrKey, 'Block not found');
  return record;
}

/** Reading the chain of blocks. */
export const blockMethods = (chain: ChainState): RpcMethods => ({
  getblockcount: { names: [], run: () => tipOf(chain).height },
  getbestblockhash: { names: [], run: () => tipOf(chain).hash },
  getblockchaininfo: { names: [], run: () => chainInfo(chain) },
  getblockhash: {
    names: ['height'],
    run(call) {
      const height = call.integer(0, 'height');
      const record = height < 0 ? undefined : chain.active[height];
      if (!record) throw new RpcError(rpcCodes.invalidParameter, 'Block height out of range');
      return record.hash;
    },
  },
  getblockheader: {
    names: ['blockhash', 'verbose'],
    run(call) {
      const record = blockByHash(chain, call.hash(0, 'blockhash'));
      return call.flag(1, 'verbose', true) ? headerView(chain, record) : record.block.toHex(true);
    },
  },
  getblock: {
    names: ['blockhash', 'verbosity'],
    run(call) {
      const record = blockByHash(chain, call.hash(0, 'blockhash'));
      const verbosity = call.integer(1, 'verbosity', 1);
      return verbosity === 0 ? record.raw : blockView(chain, record, verbosity);
    },
  },
});

function chainInfo(chain: ChainState): Record<string, unknown> {
  const tip = tipOf(chain);
  const { bits, difficulty, chainwork } = headerView(chain, tip);
  return {
    chain: 'regtest',
    blocks: tip.height,
    headers: tip.height,
    bestblockhash: tip.hash,
    bits,
    difficulty,
    time: tip.time,
    mediantime: medianTimePast(chain, tip.height),
    verificationprogress: 1,
    initialblockdownload: false,
    chainwork,
    pruned: false,
    warnings: [],
  };
}
