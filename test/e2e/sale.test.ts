import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bytesToHex } from '@noble/hashes/utils.js';
import { nodeHome } from '../../client/buyer/node/node-home.ts';
import { shopClient } from '../../client/buyer/shop-client.ts';
import { openWallet } from '../../client/buyer/wallet.ts';
import { readLedger } from '../../local/demo/ledger.ts';
import { readShopState } from '../../local/shop-folder.ts';
import { systemClock } from '../../shared/clock.ts';
import { scriptOfAddress } from '../../shared/protocol/network.ts';
import { type BuiltCommand, buildCommand } from '../support/built-command.ts';
import { availableChains } from '../support/chains.ts';
import { eventually } from '../support/eventually.ts';
import { type LocalShopProcess, startLocalShop } from '../support/local-shop.ts';
import { MIB, patterned } from '../support/object-store.ts';
import { channelAccount } from '../support/sale-accounts.ts';
import { buyToTheEnd, journaledChannels, type PaidPurchase, sdkBuyer } from '../support/sdk-buyer.ts';
import { readFolder } from '../support/test-shop.ts';

/** Without a history of blocks both chains estimate 10 sat/vB. Sizes as docs/protocol.md has them, longest signatures. */
const FEE_RATE = 10n;
const SETTLEMENT_WITH_CHANGE = 169n;
const SETTLEMENT_WITHOUT_CHANGE = 138n;
const PRICE = 5_000n;

let command: BuiltCommand;
beforeAll(() => {
  command = buildCommand();
});
afterAll(() => command.end());

describe.each(availableChains())('a sale on $name', (chain) => {
  let root: string;
  let shop: LocalShopProcess;
  let payoutScript: string;
  const sales: (PaidPurchase & { readonly home: string })[] = [];

  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'spillway-sale-'));
    // Three chunks are enough for credit here, so that no test has to move eight.
    const policy = { creditMinimumChunks: 3 };
    shop = await startLocalShop(command, { folder: join(root, 'shop'), chain, policy, sweepEvery: 0.5 });
    payoutScript = bytesToHex(scriptOfAddress(shop.environment.SPILLWAY_PAYOUT_ADDRESS ?? '', 'regtest'));
  });
  afterAll(async () => {
    await shop.stop();
    await rm(root, { recursive: true, force: true });
  });

  async function makeSource(name: string, files: Readonly<Record<string, Uint8Array>>): Promise<string> {
    const folder = join(root, name);
    for (const [path, content] of Object.entries(files)) {
      await mkdir(join(folder, path, '..'), { recursive: true });
      await writeFile(join(folder, path), content);
    }
    return folder;
  }

  /** Publishes a folder in chunks of 5 MiB and buys it; what arrives is what was published. */
  async function sell(source: string, limits = {}): Promise<PaidPurchase & { readonly home: string }> {
    const { manifest } = await shop.publish(source, '--price', `${PRICE}`, '--chunk-size', '5MiB');
    const home = `${source}-home`;
    const output = `${source}-bought`;
    const paid = await buyToTheEnd(shop, home, { dataset: manifest, output, limits });
    expect(await readFolder(output)).toEqual(await readFolder(source));
    expect(paid.result).toMatchObject({ manifest, output });
    const sale = { ...paid, home };
    sales.push(sale);
    return sale;
  }

  const accountOf = ({ result }: PaidPurchase, index = 0) => {
    const channel = result.channels[index];
    if (!channel?.fundingTxid) throw new Error(`there is no channel ${index}`);
    return channelAccount(shop.chainUrl, channel.fundingTxid, payoutScript, channel.changeScript);
  };

  /** What the wallet holds is what came in, less what was paid and its own fees; all of it from the chain. */
  async function expectBalance(sale: PaidPurchase & { readonly home: string }): Promise<void> {
    const wallet = await openWallet(nodeHome(sale.home), 'regtest');
    const coins = await wallet.coins(sdkBuyer(shop, sale.home).chain);
    const held = coins.reduce((sum, { value }) => sum + value, 0n);
    expect(held).toBe(sale.deposited - sale.result.paid - sale.result.fundingFees);
  }

  test('a folder of many files on credit, the last chunk ten bytes long: exact to the satoshi', async () => {
    const source = await makeSource('folder', {
      'a/αβγ.bin': patterned(6 * MIB, 1),
      'a/日本語 ü.bin': patterned(3 * MIB + 7, 2),
      'empty.txt': Buffer.alloc(0),
      'z/last.bin': patterned(MIB + 3, 3),
    });
    const sale = await sell(source);
    // 5000 + 5000 + ceil(5000 × 10 / 5 MiB) = 10001; the change of two chunks would be dust of 1, so 294 are added.
    expect(sale.result).toMatchObject({ chunks: 3, bytes: 10 * MIB + 10, paid: 10_001n });
    expect(sale.events).toContainEqual(
      expect.objectContaining({ kind: 'planned', price: 10_001n, resumed: false }),
    );
    const [channel] = await journaledChannels(sale.home);
    expect(channel?.terms).toMatchObject({ first: 0, count: 3, credit: 1, capacity: 10_295n });

    const account = await accountOf(sale);
    const settlementFee = FEE_RATE * SETTLEMENT_WITH_CHANGE;
    expect(account).toMatchObject({
      capacity: 10_295n,
      settlementFee,
      toSeller: 10_001n - settlementFee,
      toBuyer: 294n,
      fundingFee: sale.result.fundingFees,
      fundingChange: sale.deposited - 10_295n - sale.result.fundingFees,
    });
    expect(account.settlement.outputs).toHaveLength(2);
    expect(sale.result.channels[0]?.end).toMatchObject({ by: 'settlement', returned: 294n });
    await expectBalance(sale);
  });

  test('a channel that ends without change, on credit 0: each chunk is paid before it is sent', async () => {
    const source = await makeSource('two-chunks', { 'data.bin': patterned(8 * MIB, 4) });
    const sale = await sell(source);
    const [channel] = await journaledChannels(sale.home);
    expect(channel?.terms).toMatchObject({ count: 2, credit: 0, capacity: 8_000n });
    // A payment is told before the bytes it pays for, and never more than one chunk ahead of them.
    const told = sale.events.flatMap((event) =>
      event.kind === 'chunk-paid'
        ? [`paid ${event.chunk}`]
        : event.kind === 'bytes'
          ? [
              event.done < 5 * MIB
                ? ''
                : event.done === 5 * MIB
                  ? 'have 0'
                  : event.done === 8 * MIB
                    ? 'have 1'
                    : '',
            ]
          : [],
    );
    expect(told.filter(Boolean)).toEqual(['paid 0', 'have 0', 'paid 1', 'have 1']);

    const account = await accountOf(sale);
    const settlementFee = FEE_RATE * SETTLEMENT_WITHOUT_CHANGE;
    expect(account).toMatchObject({
      capacity: 8_000n,
      settlementFee,
      toSeller: 8_000n - settlementFee,
      toBuyer: 0n,
    });
    expect(account.settlement.outputs).toEqual([{ script: payoutScript, value: 8_000n - settlementFee }]);
    await expectBalance(sale);
  });

  test('a buyer who binds no more than two chunks buys the third through a channel that continues', async () => {
    const source = await makeSource('three-chunks', { 'data.bin': patterned(14 * MIB, 5) });
    const sale = await sell(source, { maxCapacity: 10_500n });
    const channels = await journaledChannels(sale.home);
    expect(channels.map(({ terms }) => [terms.first, terms.count, terms.credit])).toEqual([
      [0, 2, 1],
      [2, 1, 1],
    ]);
    expect(channels[1]?.continues).toBe(channels[0]?.channelId);
    const settlementFee = FEE_RATE * SETTLEMENT_WITHOUT_CHANGE;
    expect(await accountOf(sale, 0)).toMatchObject({ toSeller: 10_000n - settlementFee, toBuyer: 0n });
    expect(await accountOf(sale, 1)).toMatchObject({ toSeller: 4_000n - settlementFee, toBuyer: 0n });
    await expectBalance(sale);
  });

  test('the schedule calls a settlement final six blocks deep, and what is paid can still be fetched', async () => {
    const source = await makeSource('small', { 'data.bin': patterned(5 * MIB + 1, 6) });
    const sale = await sell(source);
    const [channel] = await journaledChannels(sale.home);
    if (!channel) throw new Error('no channel');
    const client = shopClient({ url: shop.url, clock: systemClock });
    const height = sale.result.channels[0]?.end?.height ?? 0;
    const depth = async () => Number(await shop.rpc('getblockcount')) - height + 1;
    while ((await depth()) < 5) await shop.faucet.mine(1);
    expect((await client.channel(channel.secrets)).state).toBe('CLOSING');
    await shop.faucet.mine(1);
    const settled = await eventually('SETTLED', async () => {
      const answer = await client.channel(channel.secrets);
      return answer.state === 'SETTLED' ? answer : undefined;
    });
    expect(settled).toMatchObject({ paid: 2, spend: { txid: sale.result.channels[0]?.end?.txid, height } });

    const { url, size } = await client.issueChunk(channel.secrets, 1);
    const bytes = Buffer.from(await (await fetch(url)).arrayBuffer());
    expect(size).toBe(1);
    expect(createHash('sha256').update(bytes).digest('hex')).toBe(
      createHash('sha256')
        .update(patterned(5 * MIB + 1, 6).subarray(5 * MIB))
        .digest('hex'),
    );
  });

  test('on the chain there is one funding and one settlement for each of the five channels, and no other spend of theirs', async () => {
    const { transactions } = await readLedger(shop.chainUrl);
    const settlements = transactions.filter(({ outputs }) =>
      outputs.some(({ script }) => script === payoutScript),
    );
    const fundings = transactions.filter(({ outputs }) =>
      outputs.some(({ script }) => script.startsWith('0020')),
    );
    expect([fundings.length, settlements.length]).toEqual([5, 5]);
    expect(settlements.flatMap(({ inputs }) => inputs.map(({ txid }) => txid)).sort()).toEqual(
      fundings.map(({ txid }) => txid).sort(),
    );
  });

  describe('its log', () => {
    let text: string;
    let lines: Readonly<Record<string, unknown>>[];
    beforeAll(async () => {
      text = await readFile(join(shop.folder, 'shop.log'), 'utf8');
      lines = text
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line.slice(line.indexOf(' '))));
    });
    const total = (metric: string) => lines.reduce((sum, line) => sum + Number(line[metric] ?? 0), 0);

    test('has each decision on one line, and counts what was sold', async () => {
      const told = lines.filter(({ message }) => message === 'commitment-accepted');
      const channels = (await Promise.all(sales.map(({ home }) => journaledChannels(home)))).flat();
      expect(new Set(told.map(({ channelId }) => channelId))).toEqual(
        new Set(channels.map(({ channelId }) => channelId)),
      );
      const results = sales.map(({ result }) => result);
      expect(total('SatoshisEarned')).toBe(results.reduce((sum, { paid }) => sum + Number(paid), 0));
      expect(total('ChunksSold')).toBe(results.reduce((sum, { chunks }) => sum + chunks, 0));
      expect(total('BytesPaid')).toBe(results.reduce((sum, { bytes }) => sum + bytes, 0));
      expect([total('ChannelsProposed'), total('ChannelsOpened'), total('ChannelsClosing')]).toEqual([
        5, 5, 5,
      ]);
      expect(total('SweepsDone')).toBeGreaterThan(5);
      // Powertools keeps some names for itself, and says so where a line wanted one.
      expect(text).not.toContain('reserved key');
    });

    test('holds no secret, no signature and no link', async () => {
      const { sellerSecret, payoutSecret, secretAccessKey } = await readShopState(shop.folder);
      for (const secret of [sellerSecret, payoutSecret, secretAccessKey]) expect(text).not.toContain(secret);
      // A signature is 64 bytes or more; a link has an address.
      expect(text).not.toMatch(/[0-9a-f]{128}|https?:|X-Amz|versionId/i);
    });
  });
});
