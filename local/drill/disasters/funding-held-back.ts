import { closeChannel } from '../../../shared/channel/close-channel.ts';
import { confirmFunding } from '../../../shared/channel/confirm-funding.ts';
import { issueChunk } from '../../../shared/channel/issue-chunk.ts';
import { type Drill, require, requireRefused } from '../drill.ts';
import { fund, known, mustSend, propose, takeBackTransaction } from '../drill-buyer.ts';
import { openShop } from '../drill-shop.ts';
import { mineTo, requireState } from '../passing-blocks.ts';

export const fundingHeldBack: Drill = {
  name: 'funding-held-back',
  disaster:
    'the buyer sends the funding 60 blocks before L, so that its refund would come before the settlement is safe',
  mayLoseChunks: 0,
  async run(stage) {
    const shop = await openShop(stage);
    const { channels, raw } = await fund(stage, shop, [await propose(stage, shop)], { send: false });
    const [buyer] = channels;
    if (!buyer) throw new Error('one was funded');
    await mineTo(stage, buyer.terms.refundHeight - 60);
    await mustSend(stage, raw);
    await stage.mine(1);
    await confirmFunding(shop, buyer.channel, buyer.outpoint);
    await requireState(shop, [buyer], 'REFUSED');
    await requireRefused(issueChunk(shop, await known(shop, buyer), 0), 'channel-not-open');
    const { cancels } = await closeChannel(shop, await known(shop, buyer));
    const [cancel] = cancels;
    require(cancel !== undefined, 'the buyer need not wait for L');
    await mustSend(stage, takeBackTransaction(buyer, 1_000n, cancel?.signature).toHex());
    await stage.mine(6);
    return { shop, buyers: [buyer] };
  },
};
