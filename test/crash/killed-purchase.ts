import { join } from 'node:path';
import { nodeHome } from '../../client/buyer/node/node-home.ts';
import { listPurchases } from '../../client/buyer/purchase-journal.ts';
import { SETTLED_DEPTH } from '../../shared/limits.ts';
import { dynamoChannels } from '../../shared/store/dynamo-channels.ts';
import type { Ended } from '../support/built-command.ts';
import { eventually } from '../support/eventually.ts';
import { mineWhatWaits } from '../support/mine-what-waits.ts';
import { checkSale } from './check-sale.ts';
import type { CrashedPurchase, CrashPlan } from './crashed-purchase.ts';
import type { BuyerFolders, KilledBuyer, KillStage } from './kill-stage.ts';
import type { Death } from './mortal.ts';

/** More runs of the same command than this get nowhere. */
const MAX_RUNS = 10;
/** The command's exit code where the network is the matter. */
const SHOP_UNREACHABLE = 4;

/**
 * Buys by the built command, to the settlement's depth; the first process of a side is killed at its step of the plan. The shop
 * starts anew for each: it remembers a height for a minute, in which a buyer would see another one.
 */
export async function killedPurchase(stage: KillStage, { buyer, shop }: CrashPlan): Promise<CrashedPurchase> {
  const folder = await stage.makeFolder();
  const folders = { home: join(folder, 'home'), output: join(folder, 'bought') };
  const deathsBefore = stage.deaths();
  const shopSteps = await stage.restart(shop?.[0]);
  const { rpc, environment } = stage.shop();
  const fromHeight = Number(await rpc('getblockcount')) + 1;
  const deposits = new Map<string, bigint>();
  let bought = false;
  // Blocks come whatever is dead at the moment, and in the end for the settlement's depth.
  const mining = mineWhatWaits(stage.shop, () => bought);
  try {
    const { steps, deaths } = await buyToTheEnd(stage, folders, deposits, buyer?.[0]);
    bought = true;
    await untilSettled(stage, folders.home, environment.SPILLWAY_TABLE ?? '');
    return {
      ...folders,
      buyerSteps: await steps(),
      shopSteps: await shopSteps(),
      deaths: deaths + stage.deaths() - deathsBefore,
      deposited: [...deposits.values()].reduce((sum, satoshis) => sum + satoshis, 0n),
      payoutScript: stage.payoutScript,
      environment,
      purchases: await listPurchases(nodeHome(folders.home)),
      fromHeight,
    };
  } finally {
    await mining.stop();
  }
}

/** Checks a purchase that was made so: one channel, and everything to the satoshi. */
export function checkKilledSale(stage: KillStage, sale: CrashedPurchase): Promise<void> {
  return checkSale({ ...stage, chainUrl: stage.shop().chainUrl }, sale, 1);
}

/** The same command again and again, until it says that all is there. */
async function buyToTheEnd(
  stage: KillStage,
  folders: BuyerFolders,
  deposits: Map<string, bigint>,
  death?: Death,
): Promise<{ readonly steps: KilledBuyer['steps']; readonly deaths: number }> {
  let deaths = 0;
  let first: KilledBuyer | undefined;
  for (let runs = 0; runs < MAX_RUNS; runs++) {
    const shopDeaths = stage.deaths();
    const buyer = await stage.buy(folders, first ? undefined : death);
    first ??= buyer;
    void payDeposit(stage, buyer, deposits);
    const ended = await Promise.race([buyer.command.ended, stage.restarted().then(() => undefined)]);
    // The embedded chain died with the shop and is at another port now, which a buyer is told as it starts.
    if (!ended) await buyer.command.kill();
    else if (ended.code === 0) return { steps: first.steps, deaths };
    else if (isKilled(ended)) deaths += 1;
    // Asked while the shop was dead, it says to run the command again.
    else if (ended.code === SHOP_UNREACHABLE && stage.deaths() > shopDeaths) await stage.restarted();
    else throw new Error(`the buyer ends with ${ended.code}: ${ended.stderr}`);
  }
  throw new Error('it does not come to an end');
}

const isKilled = ({ signal }: Ended) => signal === 'SIGKILL';

/** Whoever asks again after a death is asked for the same. */
async function payDeposit(
  stage: KillStage,
  { command }: KilledBuyer,
  deposits: Map<string, bigint>,
): Promise<void> {
  const line = await command.line(/waiting for a deposit/).catch(() => '');
  const [, satoshis = '0', address] = /pay (\d+) sat to (\w+)/.exec(line) ?? [];
  if (!address || deposits.has(address)) return;
  deposits.set(address, BigInt(satoshis));
  await eventually('the deposit', () =>
    stage
      .shop()
      .faucet.fund(address, BigInt(satoshis))
      .catch(() => undefined),
  );
}

/** The schedule calls each channel settled once its settlement is deep enough, whoever dies until then. */
async function untilSettled(stage: KillStage, home: string, table: string): Promise<void> {
  const channels = dynamoChannels(stage.tables.client, table);
  const [purchase] = await listPurchases(nodeHome(home));
  for (const { channelId } of purchase?.state.channels ?? []) {
    await eventually(`${SETTLED_DEPTH} blocks on the settlement of ${channelId}`, async () => {
      stage.shop();
      const channel = await channels.get(channelId).catch(() => undefined);
      return channel?.state === 'SETTLED' ? true : undefined;
    });
  }
}
