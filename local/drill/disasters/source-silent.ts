import { setTimeout as wait } from 'node:timers/promises';
import { ChainUnavailable, type WalletChain } from '../../../shared/chain/chain.ts';
import { quorumChain } from '../../../shared/chain/quorum.ts';
import type { Drill } from '../drill.ts';
import { buy, openOne } from '../drill-buyer.ts';
import { openShop } from '../drill-shop.ts';
import { closeHeight, mineTo, runSchedule, settleAll } from '../passing-blocks.ts';

/** Milliseconds after which the silent one's adapter gives up; the other has all the time that it needs. */
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
  const silence = async (): Promise<never> => {
    await wait(PATIENCE);
    throw new ChainUnavailable('it does not answer');
  };
  return {
    tip: silence,
    blockHash: silence,
    unspentOutput: silence,
    spend: silence,
    feeRate: silence,
    broadcast: silence,
    testAcceptance: silence,
    broadcastPackage: silence,
    mempoolEntry: silence,
    replacementRate: silence,
    outputsPayingTo: silence,
  };
}
