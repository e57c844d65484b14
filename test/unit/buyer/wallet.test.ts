import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chooseCoins } from '../../../client/buyer/funding.ts';
import { nodeHome } from '../../../client/buyer/node/node-home.ts';
import { openWallet } from '../../../client/buyer/wallet.ts';
import { addressOfScript } from '../../../shared/protocol/network.ts';
import { memoryChain } from '../../support/memory-chain.ts';

let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'wallet-'));
});
afterEach(() => rm(home, { recursive: true, force: true }));

const open = () => openWallet(nodeHome(home), 'regtest');

test('the words are written once, for the owner’s eyes alone, and found again', async () => {
  const first = await open();
  const path = join(home, 'wallet-regtest.json');
  const text = await readFile(path, 'utf8');
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect((await open()).keys.external(0)).toEqual(first.keys.external(0));
  expect(await readFile(path, 'utf8')).toBe(text);
});

test('two processes that start at once make one wallet', async () => {
  const [one, other] = await Promise.all([open(), open()]);
  expect(one?.keys.external(0)).toEqual(other?.keys.external(0));
});

test.each(['', '{"version":1}', '{"version":1,"network":"mainnet","mnemonic":"abandon"}'])(
  'a damaged file (%j) is reported and left as it is',
  async (text) => {
    const path = join(home, 'wallet-regtest.json');
    await writeFile(path, text);
    await expect(open()).rejects.toMatchObject({ code: 'journal-damaged' });
    expect(await readFile(path, 'utf8')).toBe(text);
  },
);

test('the deposit address stays until it is paid, then gives way to the next, and its coin is found', async () => {
  const chain = memoryChain();
  const wallet = await open();
  const address = await wallet.depositAddress();
  expect(address).toBe(addressOfScript(wallet.keys.external(0).script, 'regtest'));
  expect(await wallet.depositAddress()).toBe(address);
  chain.pay(wallet.keys.external(0).script, 7_000n);
  expect(await wallet.coins(chain)).toMatchObject([{ value: 7_000n }]);
  expect(await wallet.depositAddress()).toBe(addressOfScript(wallet.keys.external(1).script, 'regtest'));
  chain.pay(wallet.keys.external(0).script, 1_000n);
  chain.pay(wallet.keys.internal(3).script, 2_000n);
  expect(await wallet.coins(chain)).toHaveLength(3);
});

test('indices are given out once, also to two that ask at the same time', async () => {
  const [one, other] = [await open(), await open()];
  const indices = await Promise.all([
    one.nextChannelIndex(),
    other.nextChannelIndex(),
    one.nextChannelIndex(),
  ]);
  expect([...indices].sort()).toEqual([0, 1, 2]);
  expect(await (await open()).nextChannelIndex()).toBe(3);
  expect(await one.nextInternalIndex()).toBe(0);
});

test('coins that one purchase has taken are not another’s, until they are given back', async () => {
  const chain = memoryChain();
  const wallet = await open();
  chain.pay(wallet.keys.external(0).script, 90_000n);
  chain.pay(wallet.keys.external(1).script, 80_000n);
  const take = (purchase: string) =>
    wallet.takeCoins(chain, purchase, (coins) => chooseCoins(coins, 50_000n, 1_000n));
  const first = await take('a');
  const second = await take('b');
  expect([first, second].map(({ inputs }) => inputs.map(({ value }) => value))).toEqual([
    [90_000n],
    [80_000n],
  ]);
  await expect(take('c')).rejects.toMatchObject({ code: 'funds-needed' });
  expect((await take('a')).inputs).toMatchObject([{ value: 90_000n }]);
  await wallet.releaseCoins('a', []);
  await wallet.releaseCoins(
    'b',
    second.inputs.map(({ outpoint }) => outpoint),
  );
  expect((await take('c')).inputs).toMatchObject([{ value: 90_000n }]);
});

test('coins that are spent in the mempool are not offered', async () => {
  const chain = memoryChain();
  const wallet = await open();
  const outpoint = chain.pay(wallet.keys.external(0).script, 90_000n);
  const { unspentOutput } = chain;
  chain.unspentOutput = async (asked) => (asked.txid === outpoint.txid ? undefined : unspentOutput(asked));
  expect(await wallet.coins(chain)).toEqual([]);
});
