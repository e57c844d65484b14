import { confirmFunding } from '../../../shared/channel/confirm-funding.ts';
import { type Drill, require } from '../drill.ts';
import { buy, fund, known, openChannels, pay, propose, takeOnCredit } from '../drill-buyer.ts';
import { openShop } from '../drill-shop.ts';
import { runSchedule, settleAll, spendOf } from '../passing-blocks.ts';

const HEALTHY = 69;

export const seventyDue: Drill = {
  name: 'seventy-due-one-poisoned',
  disaster:
    '70 complete channels share one settlement; a reorganisation takes one funding between the look and the broadcast',
  mayLoseChunks: 0,
  async run(stage) {
    let strike: (() => Promise<void>) | undefined;
    const chain: typeof stage.chain = {
      ...stage.chain,
      async broadcast(raw) {
        const now = strike;
        strike = undefined;
        await now?.();
        return stage.chain.broadcast(raw);
      },
    };
    const shop = await openShop(stage, { chain });
    const healthy = await openChannels(stage, shop, HEALTHY, () => ({ count: 1 }));
    for (const buyer of healthy) {
      await takeOnCredit(shop, buyer);
      await pay(shop, buyer, 1);
    }
    const { channels } = await fund(stage, shop, [await propose(stage, shop)]);
    const [poisoned] = channels;
    if (!poisoned) throw new Error('one was funded');
    await stage.mine(1);
    await confirmFunding(shop, poisoned.channel, poisoned.outpoint);
    await buy(shop, poisoned, 12);

    strike = () => stage.takeBack(1);
    await runSchedule(shop);
    require(strike === undefined, 'the reorganisation came before the broadcast');
    const spends = await Promise.all(healthy.map((buyer) => spendOf(stage, buyer)));
    require(spends.every(Boolean), 'all others are settled by the same run');
    require(new Set(spends.map((spend) => spend?.txid)).size <= 2, 'and still share transactions');
    require((await spendOf(stage, poisoned)) === undefined, 'the poisoned one waits for its funding');

    await stage.mine(2);
    await runSchedule(shop);
    require((await known(shop, poisoned)).settlements.length > 0, 'it is settled once its funding is back');
    await settleAll(stage, shop, [...healthy, poisoned]);
    return { shop, buyers: [...healthy, poisoned] };
  },
};
