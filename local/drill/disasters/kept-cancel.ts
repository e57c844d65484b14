import { closeChannel } from '../../../shared/channel/close-channel.ts';
import { confirmFunding } from '../../../shared/channel/confirm-funding.ts';
import { issueChunk } from '../../../shared/channel/issue-chunk.ts';
import { openChannel } from '../../../shared/channel/open-channel.ts';
import { type Drill, require, requireRefused } from '../drill.ts';
import { known, mustSend, openOne, pay, takeBackTransaction } from '../drill-buyer.ts';
import { openShop } from '../drill-shop.ts';
import { mineTo, requireState, runSchedule } from '../passing-blocks.ts';

export const keptCancel: Drill = {
  name: 'kept-cancel',
  disaster: 'the buyer keeps a cancel, opens the same terms again, and would void the sale with it',
  mayLoseChunks: 0,
  async run(stage) {
    const shop = await openShop(stage);
    const buyer = await openOne(stage, shop);
    const { cancels } = await closeChannel(shop, await known(shop, buyer));
    const [cancel] = cancels;
    if (!cancel) throw new Error('nothing was delivered, so it is cancelled');

    const again = await openChannel(shop, buyer.terms);
    require(again.state === 'CANCELLED', 'the same terms are the same channel, and it is over');
    await requireRefused(issueChunk(shop, again, 0), 'channel-not-open');
    await requireRefused(pay(shop, buyer, 1), 'channel-not-open');
    const otherOutpoint = { txid: 'cd'.repeat(32), vout: 0 };
    await requireRefused(confirmFunding(shop, again, otherOutpoint), 'funding-mismatch');
    // Its record outlives every height at which the cancel could be of use.
    await mineTo(stage, buyer.terms.refundHeight + 144);
    await runSchedule(shop);
    await requireState(shop, [buyer], 'CANCELLED');
    require((await openChannel(shop, buyer.terms)).state === 'CANCELLED', 'even then');
    await mustSend(stage, takeBackTransaction(buyer, 1_000n, cancel.signature).toHex());
    await stage.mine(6);
    return { shop, buyers: [buyer] };
  },
};
