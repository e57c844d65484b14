import * as v from 'valibot';
import { type NodeCall, NodeRefusal, nodeCaller } from '../../shared/chain/bitcoind-rpc.ts';
import type { Outpoint } from '../../shared/chain/chain.ts';
import { NODE_SCAN_TIMEOUT_MS, NODE_TIMEOUT_MS } from '../../shared/limits.ts';
import { addressOfScript, type NetworkName } from '../../shared/protocol/network.ts';
import type { BuyerChain } from './buyer-context.ts';
import { bitcoins, FUNDING_TARGET_BLOCKS } from './deposit.ts';
import { BuyerError } from './errors.ts';
import type { ExternalWallet } from './external-wallet.ts';

const created = v.object({ psbt: v.string() });
const processed = v.object({ psbt: v.string(), complete: v.boolean() });

/** Core says it by this text under the code of any wallet's error, -4. */
const INSUFFICIENT_FUNDS = /insufficient funds/i;

export interface CoreWalletOptions {
  /** `http://user:password@host:port/wallet/name` */
  readonly url: string;
  readonly network: NetworkName;
  readonly chain: Pick<BuyerChain, 'feeRate'>;
  readonly fetch?: typeof globalThis.fetch;
}

/** A wallet of one's own Bitcoin Core, asked over its RPC. It locks the coins that it chose, until they are spent or it restarts. */
export function coreWallet({
  url,
  network,
  chain,
  fetch = globalThis.fetch,
}: CoreWalletOptions): ExternalWallet {
  // A call that is repeated would choose, and lock, a second time.
  const call = understood(nodeCaller({ url, fetch, retries: 0 }));
  return {
    instruction: 'the wallet of your Bitcoin Core signs it now',
    async draft({ script, value }) {
      const rate = await chain.feeRate(FUNDING_TARGET_BLOCKS);
      const options = {
        lockUnspents: true,
        replaceable: true,
        change_type: 'bech32',
        fee_rate: `${rate / 1_000n}.${(rate % 1_000n).toString().padStart(3, '0')}`,
      };
      const outputs = [{ [addressOfScript(script, network)]: bitcoins(value) }];
      const { psbt } = await call(
        created,
        NODE_SCAN_TIMEOUT_MS,
        'walletcreatefundedpsbt',
        [],
        outputs,
        0,
        options,
      );
      return Buffer.from(psbt, 'base64');
    },
    async release(inputs: readonly Outpoint[]) {
      await call(v.boolean(), NODE_TIMEOUT_MS, 'lockunspent', true, inputs);
    },
    async signed(draft) {
      const answer = await call(
        processed,
        NODE_TIMEOUT_MS,
        'walletprocesspsbt',
        Buffer.from(draft).toString('base64'),
      );
      return Buffer.from(answer.psbt, 'base64');
    },
  };
}

/** What a wallet refuses, in words that say what to do. */
function understood(call: NodeCall): NodeCall {
  return async (schema, timeout, method, ...params) => {
    try {
      return await call(schema, timeout, method, ...params);
    } catch (error) {
      if (!(error instanceof NodeRefusal)) throw error;
      const code = INSUFFICIENT_FUNDS.test(error.message) ? 'funds-needed' : 'funding-failed';
      throw new BuyerError(
        code,
        `The Bitcoin Core wallet refuses ${method}: ${error.message.replace(/\.$/, '')}.`,
        {
          money: 'Nothing new was bound.',
          next: 'Put that right there (a locked wallet: walletpassphrase), then run the same command again.',
        },
      );
    }
  };
}
