import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Faucet, regtestFaucet } from '../../local/chain/faucet.ts';
import type { LocalChain } from '../../local/chain/start-chain.ts';
import { bitcoindChain } from '../../shared/chain/bitcoind.ts';
import type { WalletChain } from '../../shared/chain/chain.ts';
import { addressOf, buyer, p2wpkh, testKey } from '../support/chain-keys.ts';
import { signed, type TestCoin, toBuyer, toChannel } from '../support/chain-transactions.ts';
import { availableChains } from '../support/chains.ts';
import { rpcCaller } from '../support/rpc.ts';

const UNKNOWN = { txid: '11'.repeat(32), vout: 0 };

describe.each(availableChains())('the chain port and the faucet on $name', ({ start }) => {
  const folder = mkdtempSync(join(tmpdir(), 'chain-port-'));
  const script = p2wpkh(buyer);
  let node: LocalChain;
  let chain: WalletChain;
  let faucet: Faucet;

  beforeAll(async () => {
    node = await start(folder);
    chain = bitcoindChain({ url: node.url });
    faucet = regtestFaucet(node.url);
  });
  afterAll(async () => {
    await node.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  /** A coin of the buyer's that waits in the mempool. */
  async function funded(value: bigint): Promise<TestCoin> {
    const txid = await faucet.fund(addressOf(script), value);
    return { txid, vout: 0, value, script };
  }

  test('a faucet that never mined mines first, and pays to the satoshi', async () => {
    const coin = await funded(123_457n);
    expect(await chain.unspentOutput(coin)).toEqual({ value: 123_457n, script, coinbase: false });
    expect((await chain.tip()).height).toBe(101);
  });

  test('two payments at once use two coins', async () => {
    await faucet.mine(2);
    const [one, two] = await Promise.all([funded(10_000n), funded(10_000n)]);
    expect(one.txid).not.toBe(two.txid);
  });

  test('the tip is the last block mined', async () => {
    const [hash] = await faucet.mine(1);
    const tip = await chain.tip();
    expect(tip.hash).toBe(hash);
    expect(await chain.blockHash(tip.height)).toBe(hash);
    expect(await chain.blockHash(tip.height + 1)).toBeUndefined();
    expect(tip.time).toBeGreaterThan(1_600_000_000);
  });

  test('a confirmed output knows its block', async () => {
    const coin = await funded(20_000n);
    const [hash = ''] = await faucet.mine(1);
    await faucet.mine(3);
    const { height } = await chain.tip();
    const confirmation = { height: height - 3, blockHash: hash };
    expect(await chain.unspentOutput(coin)).toEqual({
      value: 20_000n,
      script,
      coinbase: false,
      confirmation,
    });
    expect(await chain.unspentOutput(UNKNOWN)).toBeUndefined();
  });

  test('a spend is seen in the mempool, then in its block, then not after a reorg', async () => {
    const coin = await funded(30_000n);
    await faucet.mine(1);
    const { height } = await chain.tip();
    expect(await chain.spend(coin, script, height)).toBeUndefined();
    expect(await chain.spend(coin, script, height + 5)).toBeUndefined();

    const tx = signed({ coins: [coin], outputs: [toBuyer(29_000n)] });
    const raw = tx.toHex();
    expect(await chain.broadcast(raw)).toEqual({ kind: 'accepted' });
    expect(await chain.unspentOutput(coin)).toBeUndefined();
    expect(await chain.spend(coin, script, height)).toEqual({ txid: tx.getId(), raw });

    const [hash = ''] = await faucet.mine(1);
    await faucet.mine(1);
    const confirmation = { height: height + 1, blockHash: hash };
    expect(await chain.spend(coin, script, height)).toEqual({ txid: tx.getId(), raw, confirmation });
    expect(await chain.broadcast(raw)).toEqual({ kind: 'already-known' });

    await rpcCaller(node.url)('invalidateblock', hash);
    expect(await chain.spend(coin, script, height)).toEqual({ txid: tx.getId(), raw });
    await rpcCaller(node.url)('reconsiderblock', hash);
    expect(await chain.spend(coin, script, height)).toEqual({ txid: tx.getId(), raw, confirmation });
  });

  test("a wallet's outputs: confirmed, unspent, and block rewards only once mature", async () => {
    const own = p2wpkh(testKey('wallet'));
    const rewards = p2wpkh(testKey('rewards'));
    const txid = await faucet.fund(addressOf(own), 40_000n);
    expect(await chain.outputsPayingTo([own])).toEqual([]);
    await faucet.mine(1, addressOf(rewards));
    const { height } = await chain.tip();
    const mine = { outpoint: { txid, vout: 0 }, value: 40_000n, script: own, height };
    expect(await chain.outputsPayingTo([own, rewards])).toEqual([mine]);
    await faucet.mine(98);
    expect(await chain.outputsPayingTo([rewards])).toEqual([]);
    await faucet.mine(1);
    expect(await chain.outputsPayingTo([rewards])).toMatchObject([{ height, script: rewards }]);
    expect(await chain.outputsPayingTo([])).toEqual([]);
  });

  test('the fee rate falls back to 10 sat/vB where there is nothing to learn from', async () => {
    expect(await chain.feeRate(6)).toBe(10_000n);
  });

  test('broadcast outcomes in the words of the node', async () => {
    const coin = await funded(50_000n);
    await faucet.mine(1);
    const spend = (fee: bigint, locktime = 0, version = 2) =>
      signed({ coins: [coin], outputs: [toBuyer(50_000n - fee)], locktime, version }).toHex();
    expect(await chain.broadcast(spend(10n))).toEqual({
      kind: 'fee-too-low',
      detail: 'min relay fee not met, 10 < 110',
    });
    expect(await chain.broadcast(spend(1_000n, 400_000))).toEqual({ kind: 'non-final', detail: 'non-final' });
    expect(await chain.broadcast('00')).toMatchObject({ kind: 'rejected' });
    const unknown = signed({ coins: [{ ...coin, ...UNKNOWN }], outputs: [toBuyer(1_000n)] });
    expect(await chain.broadcast(unknown.toHex())).toEqual({
      kind: 'missing-inputs',
      detail: 'bad-txns-inputs-missingorspent',
    });
    expect(await chain.broadcast(spend(1_000n))).toEqual({ kind: 'accepted' });
    expect(await chain.broadcast(spend(1_001n))).toMatchObject({ kind: 'replacement-too-low' });
    expect(await chain.broadcast(spend(1_000n))).toEqual({ kind: 'accepted' });

    const funding = signed({ coins: [await funded(60_000n)], outputs: [toChannel(59_000n)] });
    const early = { txid: funding.getId(), vout: 0, value: 59_000n, script: toChannel(0n).script };
    expect(await chain.broadcast(funding.toHex())).toEqual({ kind: 'accepted' });
    const settlement = signed({ coins: [early], outputs: [toBuyer(58_000n)], version: 3 });
    expect(await chain.broadcast(settlement.toHex())).toMatchObject({ kind: 'truc-violation' });
  });
});
