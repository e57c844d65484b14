import { bytesToHex } from '@noble/hashes/utils.js';
import { Transaction } from 'bitcoinjs-lib';
import { type Coin, chooseCoins, fundingFee, signFunding } from '../../../client/buyer/funding.ts';
import { type WalletKeys, walletKeys } from '../../../client/buyer/wallet-keys.ts';
import { addressOfScript } from '../../../shared/protocol/network.ts';

const WORDS = 'abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about';
const CHANNEL_SCRIPT = Buffer.from(`0020${'77'.repeat(32)}`, 'hex');
const RATE = 2_000n;

let keys: WalletKeys;
beforeAll(async () => {
  keys = await walletKeys(WORDS, 'regtest');
});

function coin(index: number, value: bigint): Coin {
  const key = keys.external(index);
  const outpoint = { txid: index.toString(16).padStart(64, 'a'), vout: 1 };
  return { outpoint, value, script: key.script, height: 1, key };
}

test('keys are those of BIP84', async () => {
  const mainnet = await walletKeys(WORDS, 'mainnet');
  // The test vectors of BIP84.
  expect(addressOfScript(mainnet.external(0).script, 'mainnet')).toBe(
    'bc1qcr8te4kr609gcawutmrza0j4xv80jy8z306fyu',
  );
  expect(addressOfScript(mainnet.external(1).script, 'mainnet')).toBe(
    'bc1qnjg0jd8228aq7egyzacy8cys3knf9xvrerkf9g',
  );
  expect(addressOfScript(mainnet.internal(0).script, 'mainnet')).toBe(
    'bc1q8c6fshw2dlwun7ekn9qwf37cu2rn755upcp6el',
  );
  expect(bytesToHex(keys.channel(0).publicKey)).not.toBe(bytesToHex(keys.channel(1).publicKey));
  expect(bytesToHex(keys.channel(0).publicKey)).not.toBe(bytesToHex(mainnet.channel(0).publicKey));
});

describe('coins', () => {
  test('are taken largest first, no more than needed', () => {
    const choice = chooseCoins([coin(0, 1_000n), coin(1, 90_000n), coin(2, 50_000n)], 60_000n, RATE);
    expect(choice.inputs.map(({ value }) => value)).toEqual([90_000n]);
    expect(choice.fee).toBe(fundingFee(1, true, RATE));
    expect(choice.change).toBe(30_000n - choice.fee);
  });

  test('leave no change that is dust', () => {
    const bare = fundingFee(1, false, RATE);
    const withChange = fundingFee(1, true, RATE);
    expect(chooseCoins([coin(0, 60_000n + bare)], 60_000n, RATE)).toMatchObject({ change: 0n, fee: bare });
    expect(chooseCoins([coin(0, 60_000n + withChange + 293n)], 60_000n, RATE)).toMatchObject({
      change: 0n,
      fee: withChange + 293n,
    });
    expect(chooseCoins([coin(0, 60_000n + withChange + 294n)], 60_000n, RATE)).toMatchObject({
      change: 294n,
    });
  });

  test('that do not suffice are told with what is missing', () => {
    const missing = 60_000n + fundingFee(2, true, RATE) - 1_000n;
    expect(() => chooseCoins([coin(0, 1_000n)], 60_000n, RATE)).toThrow(`The wallet lacks ${missing} sat.`);
  });

  test('that are required come first, so that a replacement conflicts', () => {
    const required = coin(0, 10_000n);
    const choice = chooseCoins([coin(1, 90_000n)], 60_000n, RATE, [required]);
    expect(choice.inputs.map(({ value }) => value)).toEqual([10_000n, 90_000n]);
  });
});

describe('the funding transaction', () => {
  test('pays exactly the capacity, returns the change, and its fee meets its size', () => {
    const choice = chooseCoins([coin(0, 40_000n), coin(1, 50_000n)], 60_000n, RATE);
    const { raw, txid, vout } = signFunding(choice, CHANNEL_SCRIPT, 60_000n, keys.internal(0).script);
    const transaction = Transaction.fromHex(raw);
    expect(transaction.getId()).toBe(txid);
    expect(transaction.outs[vout]).toMatchObject({ value: 60_000n });
    expect(transaction.outs.map(({ script }) => bytesToHex(script))).toEqual([
      bytesToHex(CHANNEL_SCRIPT),
      bytesToHex(keys.internal(0).script),
    ]);
    expect(transaction.outs[1]?.value).toBe(90_000n - 60_000n - choice.fee);
    const least = (BigInt(transaction.virtualSize()) * RATE) / 1_000n;
    expect(choice.fee).toBeGreaterThanOrEqual(least);
    expect(choice.fee).toBeLessThanOrEqual(least + 8n);
    expect(transaction.ins.every(({ sequence }) => sequence === 0xfffffffd)).toBe(true);
  });

  test('has no input that is not the wallet’s own', () => {
    const stolen: Coin = { ...coin(0, 90_000n), script: keys.external(1).script };
    const choice = { inputs: [stolen], change: 0n, fee: 30_000n };
    expect(() => signFunding(choice, CHANNEL_SCRIPT, 60_000n, keys.internal(0).script)).toThrow(
      /is not a P2WPKH output of this wallet/,
    );
  });

  test('has no input that is not segwit: its txid could be changed and the refund voided', () => {
    const key = { ...keys.external(0), script: Buffer.from(`76a914${'11'.repeat(20)}88ac`, 'hex') };
    const legacy: Coin = { ...coin(0, 90_000n), script: key.script, key };
    const choice = { inputs: [legacy], change: 0n, fee: 30_000n };
    expect(() => signFunding(choice, CHANNEL_SCRIPT, 60_000n, keys.internal(0).script)).toThrow(
      /is not a P2WPKH output of this wallet/,
    );
  });
});
