import { scriptOfAddress } from './rpc-arguments.ts';
import { blockByHash } from './rpc-block-methods.ts';
import { RpcError, rpcCodes } from './rpc-error.ts';
import type { RpcMethods } from './rpc-method.ts';
import type { StoredLedger } from './stored-ledger.ts';

/** More would hold the one thread for longer than a call may take. */
const MAX_BLOCKS_PER_CALL = 10_000;

/** Making and unmaking blocks, which only a test network offers. */
export function miningMethods(stored: StoredLedger): RpcMethods {
  const { chain } = stored.ledger;
  return {
    generatetoaddress: {
      names: ['nblocks', 'address', 'maxtries'],
      run(call) {
        const count = call.integer(0, 'nblocks');
        if (count > MAX_BLOCKS_PER_CALL) throw invalid('Too many blocks at once');
        const payTo = scriptOfAddress(call.text(1, 'address'));
        return stored.mine(count, payTo, true).map(({ hash }) => hash);
      },
    },
    generateblock: {
      names: ['output', 'transactions'],
      run(call) {
        const payTo = scriptOfAddress(call.text(0, 'output'));
        if (call.list(1, 'transactions').length > 0)
          throw invalid('The embedded ledger makes only empty blocks');
        return { hash: stored.mine(1, payTo, false)[0]?.hash };
      },
    },
    invalidateblock: {
      names: ['blockhash'],
      run(call) {
        const record = blockByHash(chain, call.hash(0, 'blockhash'));
        if (record.height === 0) throw new RpcError(rpcCodes.misc, 'The genesis block stays');
        stored.setInvalidated(record, true);
        return null;
      },
    },
    reconsiderblock: {
      names: ['blockhash'],
      run(call) {
        stored.setInvalidated(blockByHash(chain, call.hash(0, 'blockhash')), false);
        return null;
      },
    },
    setmocktime: {
      names: ['timestamp'],
      run(call) {
        const time = call.integer(0, 'timestamp');
        if (time < 0) throw invalid('Mocktime cannot be negative');
        stored.setMockTime(time);
        return null;
      },
    },
  };
}

const invalid = (message: string): RpcError => new RpcError(rpcCodes.invalidParameter, message);
