import type { UnspentOutput, WalletChain } from '../../../shared/chain/chain.ts';
import { esploraChain } from '../../../shared/chain/esplora.ts';
import { quorumChain } from '../../../shared/chain/quorum.ts';
import { confirmFunding } from '../../../shared/channel/confirm-funding.ts';
import { startEsploraFacade } from '../../chain/esplora-facade.ts';
import { type Drill, require } from '../drill.ts';
import { buy, fund, known, propose } from '../drill-buyer.ts';
import { openShop } from '../drill-shop.ts';
import { closeHeight, mineTo, requireState, runSchedule, settleAll, spendOf } from '../passing-blocks.ts';

export const sourceLies: Drill = {
  name: 'source-lies',
  disaster:
    'one of two chain sources says that the funding is in a block before it is, and later that it was spent',
  mayLoseChunks: 1,
  async run(stage) {
    const esplora = await startEsploraFacade(stage.url);
    try {
      const liar = lyingSource(esploraChain({ url: esplora.url }));
      const lines: string[] = [];
      const chain = quorumChain({
        sources: [
          { name: 'node', chain: stage.chain },
          { name: 'liar', chain: liar.chain },
        ],
        log: (event) => lines.push(event),
      });
      const shop = await openShop(stage, { chain });
      const { channels } = await fund(stage, shop, [await propose(stage, shop)]);
      const [buyer] = channels;
      if (!buyer) throw new Error('one was funded');

      liar.lies = true;
      await confirmFunding(shop, buyer.channel, buyer.outpoint).catch(() => undefined);
      await requireState(shop, [buyer], 'PROPOSED');
      require(lines.includes('chain-sources-disagree'), 'the disagreement is told');
      liar.lies = false;
      await stage.mine(1);
      await confirmFunding(shop, buyer.channel, buyer.outpoint);
      await buy(shop, buyer, 3);

      liar.lies = true;
      await mineTo(stage, closeHeight(shop, buyer));
      await runSchedule(shop);
      require((await known(shop, buyer)).spend?.height === undefined, 'no lie ends the channel');
      require((await spendOf(stage, buyer)) !== undefined, 'no lie keeps the settlement back');
      liar.lies = false;
      await settleAll(stage, shop, [buyer]);
      return { shop, buyers: [buyer] };
    } finally {
      await esplora.stop();
    }
  },
};

/** While it lies, every output is in a block, and everything confirmed is spent by a settlement. */
function lyingSource(honest: WalletChain) {
  const liar = {
    lies: false,
    chain: {
      ...honest,
      async unspentOutput(outpoint): Promise<UnspentOutput | undefined> {
        const output = await honest.unspentOutput(outpoint);
        if (!liar.lies || !output) return output;
        const { height, hash } = await honest.tip();
        return { ...output, confirmation: { height, blockHash: hash } };
      },
      async spend(...question) {
        if (!liar.lies) return honest.spend(...question);
        const { height, hash } = await honest.tip();
        return {
          txid: 'ab'.repeat(32),
          raw: `03000000${'00'.repeat(60)}`,
          confirmation: { height, blockHash: hash },
        };
      },
    } satisfies WalletChain,
  };
  return liar;
}
