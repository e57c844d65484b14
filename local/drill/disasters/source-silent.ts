import { ChainUnavailable, type WalletChain } from '../../../shared/chain/chain.ts';
import { quorumChain } from '../../../shared/chain/quorum.ts';
import type { Drill } from '../drill.ts';
import { buy, openOne } from '../drill-buyer.ts';
import { openShop } from '../drill-shop.ts';
import { closeHeight, mineTo, runSchedule, settleAll } from '../passing-blocks.ts';

/** Milliseconds that each question waits for the silent one. */
const PATIENCE = 20;

export const sourceSilent: Drill = {
  name: 'source-silent',
  disaster:
    'one of two chain sources takes every question and never answers, from the first step to the last',
  mayLoseChunks: 1,
  async run(stage) {
    const chain = quorumChain({
      sources: [
        { name: 'silent', chain: silentSource() },
        { name: 'node', chain: stage.chain },
      ],
      log: () => undefined,
      timeoutMs: PATIENCE,
      searchTimeoutMs: PATIENCE,
    });
    const shop = await openShop(stage, { chain });
    const buyer = await openOne(stage, shop);
    await buy(shop, buyer, 3);
    await mineTo(stage, closeHeight(shop, buyer));
    await runSchedule(shop);
    await settleAll(stage, shop, [buyer]);
    return { shop, buyers: [buyer] };
  },
};

function silentSource(): WalletChain {
  const never = (): Promise<never> => new Promise(() => undefined);
  const refuses = () => Promise.reject(new ChainUnavailable('it does not answer'));
  return {
    tip: never,
    blockHash: never,
    unspentOutput: never,
    spend: never,
    feeRate: never,
    broadcast: never,
    testAcceptance: refuses,
    broadcastPackage: never,
    mempoolEntry: refuses,
    replacementRate: never,
    outputsPayingTo: never,
  };
}
