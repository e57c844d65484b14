import { existsSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bytesToHex } from '@noble/hashes/utils.js';
import { shopClient } from '../../client/buyer/shop-client.ts';
import { systemClock } from '../../shared/clock.ts';
import { scriptOfAddress } from '../../shared/protocol/network.ts';
import { type BuiltCommand, buildCommand, lastJson, type RunningCommand } from '../support/built-command.ts';
import { availableChains, realestChain } from '../support/chains.ts';
import { eventually } from '../support/eventually.ts';
import { type LocalShopProcess, startLocalShop } from '../support/local-shop.ts';
import { mineWhatWaits } from '../support/mine-what-waits.ts';
import { MIB, patterned } from '../support/object-store.ts';
import { channelAccount } from '../support/sale-accounts.ts';
import { journaledChannels } from '../support/sdk-buyer.ts';
import { readFolder } from '../support/test-shop.ts';

interface JournalLine {
  readonly record: string;
  readonly k?: number;
  readonly signature?: string;
  readonly chunk?: number;
}

let command: BuiltCommand;
beforeAll(() => {
  command = buildCommand();
});
afterAll(() => command.end());

describe.each(availableChains())('SIGKILL on $name', (chain) => {
  let root: string;
  let shop: LocalShopProcess;

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'spillway-kill-'));
    await mkdir(join(root, 'data'));
    await writeFile(join(root, 'data', 'file.bin'), patterned(16 * MIB, 1));
    shop = await openShop();
    await shop.faucet.mine(101);
  });
  afterEach(async () => {
    await shop.stop();
    await rm(root, { recursive: true, force: true });
  });

  const openShop = () => {
    const policy = { creditMinimumChunks: 3 };
    return startLocalShop(command, { folder: join(root, 'shop'), chain, policy, sweepEvery: 0.5 });
  };
  const publish = () => shop.publish(join(root, 'data'), '--price', '5000', '--chunk-size', '5MiB');
  const home = () => join(root, 'home');

  /** Kills the shop and starts it again on its folder: it is where it was. */
  async function restart(): Promise<void> {
    const { url, chainUrl } = shop;
    await shop.kill();
    shop = await openShop();
    expect(shop.url).toBe(url);
    // A node goes on running without the shop and is found again; the embedded ledger starts anew, at another port.
    if (chain.name === 'bitcoind') expect(shop.chainUrl).toBe(chainUrl);
  }

  function startBuyer(manifest: string): RunningCommand {
    const where = ['--output', join(root, 'bought'), '--home', home(), '--shop-folder', shop.folder];
    return command.start([
      'buy',
      shop.url,
      manifest,
      ...where,
      '--poll-interval',
      '0.05',
      '--wait',
      '--yes',
      '--json',
    ]);
  }

  /** The buyer's journal; a line without its end is not there yet. */
  async function journal(): Promise<readonly JournalLine[]> {
    const folder = join(home(), 'purchases');
    if (!existsSync(folder)) return [];
    const name = (await readdir(folder)).find((each) => each.endsWith('.jsonl'));
    if (!name) return [];
    const lines = readFileSync(join(folder, name), 'utf8').split('\n').slice(0, -1);
    return lines.map((line) => JSON.parse(line));
  }

  const hasRecord = async (record: string, times = 1) =>
    (await journal()).filter((line) => line.record === record).length >= times;

  /** Pays what the buyer asks for. */
  async function payDeposit(buyer: RunningCommand): Promise<void> {
    const line = await buyer.line(/waiting for a deposit/);
    const [, satoshis = '0', address = ''] = /pay (\d+) sat to (\w+)/.exec(line) ?? [];
    await shop.faucet.fund(address, BigInt(satoshis));
    await shop.faucet.mine(1);
  }

  /** Blocks come whatever is dead at the moment. */
  const startMining = () => mineWhatWaits(() => shop);

  /** One funding, one settlement of the whole price, and every commitment signed once. */
  async function expectExactSale(): Promise<void> {
    expect(await readFolder(join(root, 'bought'))).toEqual(await readFolder(join(root, 'data')));
    const channels = await journaledChannels(home());
    expect(channels.map(({ terms, paid }) => [terms.first, terms.count, paid])).toEqual([[0, 4, 4]]);
    const [channel] = channels;
    const fundingTxid = channel?.confirmed?.outpoint.txid ?? '';
    const payout = scriptOfAddress(shop.environment.SPILLWAY_PAYOUT_ADDRESS ?? '', 'regtest');
    const account = await channelAccount(
      shop.chainUrl,
      fundingTxid,
      bytesToHex(payout),
      bytesToHex(channel?.terms.changeScript ?? new Uint8Array()),
    );
    expect(account).toMatchObject({
      capacity: 16_000n,
      toBuyer: 0n,
      toSeller: 16_000n - account.settlementFee,
    });
    const signed = (await journal()).filter(({ record }) => record === 'commitment-signed');
    expect(signed.map(({ k }) => k)).toEqual([1, 2, 3, 4]);
  }

  test('the shop, at every stage of a purchase: nothing it acknowledged is lost, and the sale is exact', async () => {
    const { manifest } = await publish();
    await restart();
    let buyer = startBuyer(manifest);
    await payDeposit(buyer);
    const mining = startMining();
    try {
      const stages: readonly (readonly [record: string, times: number])[] = [
        ['refund-cosigned', 1],
        ['funding-sent', 1],
        ['commitment-accepted', 1],
        ['commitment-accepted', 3],
        ['closed', 1],
      ];
      for (const [record, times] of stages) {
        await eventually(`${record} ${times}`, async () => {
          // A buyer that gave up while the shop was dead is started by the same command.
          if (buyer.process.exitCode !== null && !(await hasRecord('ended'))) buyer = startBuyer(manifest);
          return (await hasRecord(record, times)) ? true : undefined;
        });
        const acknowledged = (await journal()).filter((line) => line.record === 'commitment-accepted').length;
        const { chainUrl } = shop;
        await restart();
        // The embedded ledger is at another port now, which a buyer is told as it starts.
        if (shop.chainUrl !== chainUrl) {
          await buyer.kill();
          buyer = startBuyer(manifest);
        }
        const [channel] = await journaledChannels(home());
        if (!channel) throw new Error('no channel');
        const answer = await shopClient({ url: shop.url, clock: systemClock }).channel(channel.secrets);
        expect(answer.paid).toBeGreaterThanOrEqual(acknowledged);
      }
      const ended = await eventually('the purchase', async () => {
        if (buyer.process.exitCode === null) return undefined;
        const end = await buyer.ended;
        if (end.code !== 0) buyer = startBuyer(manifest);
        return end.code === 0 ? end : undefined;
      });
      expect(lastJson(ended)).toMatchObject({
        paid: '16000',
        channels: [{ chunksPaid: 4, state: 'ended by settlement' }],
      });
    } finally {
      await mining.stop();
    }
    await expectExactSale();
  }, 120_000);

  // A buyer dies in the same ways on every chain, and takes long to.
  if (chain.name === realestChain().name) {
    test('the buyer, after every record of its journal: the same command goes on, and nothing is paid twice', async () => {
      const { manifest } = await publish();
      const first = startBuyer(manifest);
      await payDeposit(first);
      await first.kill();
      const mining = startMining();
      let kills = 0;
      try {
        for (;;) {
          const known = (await journal()).length;
          const buyer = startBuyer(manifest);
          const outcome = await eventually('one more record', async () => {
            if (buyer.process.exitCode !== null) return 'ended';
            return (await journal()).length > known ? 'record' : undefined;
          });
          if (outcome === 'ended') {
            const { code, stderr } = await buyer.ended;
            expect([code, stderr]).toEqual([0, expect.stringMatching(/^going on with/)]);
            break;
          }
          await buyer.kill();
          kills += 1;
          expect(kills).toBeLessThan(40);
        }
      } finally {
        await mining.stop();
      }
      // One more record than before each time, unless several came at once.
      expect(kills).toBeGreaterThanOrEqual(8);
      await expectExactSale();
    }, 120_000);
  }
});
