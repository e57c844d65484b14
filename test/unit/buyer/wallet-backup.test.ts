import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Transaction } from 'bitcoinjs-lib';
import { nodeHome } from '../../../client/buyer/node/node-home.ts';
import { restoreWallet } from '../../../client/buyer/restore-wallet.ts';
import { sendCoins } from '../../../client/buyer/send-coins.ts';
import { openWallet, type Wallet } from '../../../client/buyer/wallet.ts';
import { parseWords, readWords } from '../../../client/buyer/wallet-words.ts';
import { ChainUnavailable } from '../../../shared/chain/chain.ts';
import { addressOfScript } from '../../../shared/protocol/network.ts';
import { type MemoryChain, memoryChain } from '../../support/memory-chain.ts';

/** BIP39's own first vector: nobody's secret. */
const WORDS = `${'abandon '.repeat(11)}about`;
const OTHERS = `${'zoo '.repeat(11)}wrong`;

let root: string;
let chain: MemoryChain;
let wallet: Wallet;
const home = (name = 'home') => nodeHome(join(root, name));
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'backup-'));
  chain = memoryChain();
  wallet = await openWallet(home(), 'regtest');
});
afterEach(() => rm(root, { recursive: true, force: true }));

describe('words', () => {
  test('are taken in any case and with any spaces', () => {
    expect(parseWords(`  ${WORDS.toUpperCase().replace(' ', '\n\t')}\n`)).toBe(WORDS);
  });

  test.each([
    [WORDS.replace(' about', ''), 'These are 11 words; a backup has 12, rarely 15, 18, 21 or 24.'],
    ['', 'These are 0 words; a backup has 12, rarely 15, 18, 21 or 24.'],
    [
      WORDS.replace('abandon abandon', 'abandon abandom'),
      'No word of the list (BIP39, English) is number 2.',
    ],
    [WORDS.replace('about', 'abandon'), 'The checksum of the words is wrong: one of them, or their order.'],
    [`about ${'abandon '.repeat(11)}`, 'The checksum of the words is wrong: one of them, or their order.'],
  ])('that are none are refused with the reason, and not repeated', (text, message) => {
    expect(() => parseWords(text)).toThrow(message);
    expect(message).not.toContain('abandom');
  });

  test('bring a wallet back with its coins, also those far along, on the next machine', async () => {
    const words = await readWords(home(), 'regtest');
    chain.pay(wallet.keys.external(0).script, 7_000n);
    chain.pay(wallet.keys.internal(150).script, 5_000n);
    const buyer = { home: home('new'), chain };
    const restored = await restoreWallet(buyer, 'regtest', words ?? '');
    expect(restored).toEqual({ network: 'regtest', balance: 12_000n, coins: 2 });
    const again = await openWallet(home('new'), 'regtest');
    expect(await again.nextInternalIndex()).toBe(151);
    expect(await again.depositAddress()).toBe(addressOfScript(wallet.keys.external(1).script, 'regtest'));
  });

  test('never write over a wallet that is there', async () => {
    const path = join(root, 'home', 'wallet-regtest.json');
    const before = await readFile(path, 'utf8');
    await expect(restoreWallet({ home: home(), chain }, 'regtest', OTHERS)).rejects.toMatchObject({
      code: 'usage',
      message: 'There is another wallet for regtest already.',
      money: 'Nothing was changed.',
    });
    expect(await readFile(path, 'utf8')).toBe(before);
  });
});

describe('sending', () => {
  const target = 'bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080';
  const yes = async () => true;
  const send = (satoshis: bigint | 'all', confirm = yes, address = target) =>
    sendCoins({ chain }, wallet, { address, satoshis, confirm });
  const outputs = () => Transaction.fromHex(chain.broadcasts.at(-1) ?? '').outs.map(({ value }) => value);

  test('pays what was asked for, keeps the change, and says the fee', async () => {
    chain.pay(wallet.keys.external(0).script, 50_000n);
    const payment = await send(20_000n);
    expect(payment).toMatchObject({ address: target, satoshis: 20_000n });
    expect(outputs()).toEqual([20_000n, 30_000n - payment.fee]);
    chain.mine();
    expect(await wallet.coins(chain)).toMatchObject([{ value: 30_000n - payment.fee }]);
  });

  test('all of it: one output, the fee comes out of it, and what a purchase has taken stays', async () => {
    chain.pay(wallet.keys.external(0).script, 50_000n);
    await wallet.takeCoins(chain, 'a purchase', (coins) => ({ inputs: coins }));
    chain.pay(wallet.keys.external(1).script, 9_000n);
    const payment = await send('all');
    expect(payment.satoshis + payment.fee).toBe(9_000n);
    expect(outputs()).toEqual([payment.satoshis]);
  });

  test('a no leaves everything as it was, and the next payment has the coins', async () => {
    chain.pay(wallet.keys.external(0).script, 50_000n);
    await expect(send(20_000n, async () => false)).rejects.toMatchObject({
      code: 'usage',
      message: 'Not sent.',
    });
    expect(chain.broadcasts).toEqual([]);
    expect(await wallet.coins(chain)).toHaveLength(1);
    await send(49_000n);
  });

  test.each([
    ['an address of another network', 1_000n, 'bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4', 'usage'],
    ['a typing mistake', 1_000n, `${target.slice(0, -1)}1`, 'usage'],
    ['less than nodes relay', 293n, target, 'usage'],
    ['less than nodes relay to an old form', 545n, 'mipcBbFg9gMiCh81Kj8tqqdgoZub1ZJRfn', 'usage'],
    ['more than there is', 5_000n, target, 'funds-needed'],
    ['everything, where that is nothing', 'all' as const, target, 'funds-needed'],
  ])('%s is refused, and nothing is sent', async (_, satoshis, address, code) => {
    await expect(send(satoshis, yes, address)).rejects.toMatchObject({ code });
    expect(chain.broadcasts).toEqual([]);
  });

  test('a node that refuses: nothing was paid, and the coins are free', async () => {
    chain.pay(wallet.keys.external(0).script, 50_000n);
    chain.outcomes.push({ kind: 'rejected', detail: 'no' });
    await expect(send(20_000n)).rejects.toMatchObject({ code: 'funding-failed', money: 'Nothing was paid.' });
    expect(await wallet.coins(chain)).toHaveLength(1);
  });

  test('a node that does not answer may have heard it: that is said, with what to look for', async () => {
    chain.pay(wallet.keys.external(0).script, 50_000n);
    const deaf = { ...chain, broadcast: () => Promise.reject(new ChainUnavailable('no answer')) };
    await expect(
      sendCoins({ chain: deaf }, wallet, { address: target, satoshis: 20_000n, confirm: yes }),
    ).rejects.toMatchObject({
      code: 'chain-unavailable',
      money: 'It may be paid.',
      evidence: { txid: expect.any(String) },
    });
  });
});
