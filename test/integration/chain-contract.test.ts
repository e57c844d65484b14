import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Transaction } from 'bitcoinjs-lib';
import { startEsploraFacade } from '../../local/chain/esplora-facade.ts';
import type { LocalChain } from '../../local/chain/start-chain.ts';
import type { LocalServer } from '../../local/listen.ts';
import { bitcoindChain } from '../../shared/chain/bitcoind.ts';
import type { BroadcastOutcome, WalletChain, WalletOutput } from '../../shared/chain/chain.ts';
import { esploraChain } from '../../shared/chain/esplora.ts';
import type { Scene } from '../support/chain-cases/chain-case.ts';
import { buyer, channelScript, p2wpkh, p2wsh, seller } from '../support/chain-keys.ts';
import { prepareScene } from '../support/chain-scene.ts';
import {
  coinOf,
  signed,
  signKeyHash,
  type TestCoin,
  toBuyer,
  toSeller,
  unsigned,
} from '../support/chain-transactions.ts';
import { availableChains } from '../support/chains.ts';
import { rpcCaller } from '../support/rpc.ts';

const UNKNOWN = { txid: '11'.repeat(32), vout: 0 };
const BUYER = p2wpkh(buyer);

const spend = (coins: readonly TestCoin[], fee: bigint, version = 2, locktime = 0): Transaction => {
  const total = coins.reduce((sum, { value }) => sum + value, 0n);
  return signed({ coins, outputs: [toBuyer(total - fee)], version, locktime });
};

describe.each(availableChains())('both adapters on $name', ({ name, start }) => {
  const folder = mkdtempSync(join(tmpdir(), 'chain-contract-'));
  let node: LocalChain;
  let facade: LocalServer;
  let core: WalletChain;
  let esplora: WalletChain;
  let scene: Scene;

  beforeAll(async () => {
    node = await start(folder);
    facade = await startEsploraFacade(node.url);
    core = bitcoindChain({ url: node.url });
    esplora = esploraChain({ url: facade.url });
    scene = await prepareScene(rpcCaller(node.url));
  });
  afterAll(async () => {
    await facade.stop();
    await node.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  /** One answer, the same from both. */
  async function both<Answer>(ask: (chain: WalletChain) => Promise<Answer>): Promise<Answer> {
    const [one, other] = await Promise.all([ask(core), ask(esplora)]);
    expect(other).toEqual(one);
    return one;
  }

  /** What tests and broadcasts say, word for word the same from both; refused transactions change nothing. */
  async function outcomeOf(tx: Transaction | string): Promise<BroadcastOutcome> {
    const raw = typeof tx === 'string' ? tx : tx.toHex();
    const tested = await both((chain) => chain.testAcceptance(raw));
    const sent = await core.broadcast(raw);
    const again = await esplora.broadcast(raw);
    if (sent.kind !== 'accepted') expect(again).toEqual(sent);
    expect(tested.kind).toBe(sent.kind);
    return sent;
  }

  const undo = async (blocks: number): Promise<void> => {
    const hash = await scene.rpc('getblockhash', (await scene.height()) - blocks + 1);
    await scene.rpc('invalidateblock', hash);
  };

  test('the tip and the blocks below and above it', async () => {
    const tip = await both((chain) => chain.tip());
    expect(tip.height).toBe(await scene.height());
    expect(await both((chain) => chain.blockHash(tip.height))).toBe(tip.hash);
    expect(await both((chain) => chain.blockHash(1))).toMatch(/^[0-9a-f]{64}$/);
    expect(await both((chain) => chain.blockHash(tip.height + 1))).toBeUndefined();
  });

  test('an output: confirmed, spent in the mempool, spent in a block, its change', async () => {
    const coin = scene.coin();
    const { height } = await core.tip();
    const before = await both((chain) => chain.unspentOutput(coin));
    expect(before).toMatchObject({
      value: 100_000n,
      script: BUYER,
      coinbase: false,
      confirmation: { height },
    });
    expect(await both((chain) => chain.spend(coin, BUYER, height))).toBeUndefined();

    const tx = spend([coin], 500n);
    await scene.send(tx);
    expect(await both((chain) => chain.unspentOutput(coin))).toBeUndefined();
    const waiting = { txid: tx.getId(), raw: tx.toHex() };
    expect(await both((chain) => chain.spend(coin, BUYER, height))).toEqual(waiting);
    const change = coinOf(tx, 0);
    const unconfirmed = { value: 99_500n, script: BUYER, coinbase: false };
    expect(await both((chain) => chain.unspentOutput(change))).toEqual(unconfirmed);

    const [blockHash] = await scene.mine(1);
    const confirmation = { height: height + 1, blockHash };
    expect(await both((chain) => chain.unspentOutput(coin))).toBeUndefined();
    expect(await both((chain) => chain.spend(coin, BUYER, height))).toEqual({ ...waiting, confirmation });
    expect(await both((chain) => chain.unspentOutput(change))).toEqual({ ...unconfirmed, confirmation });

    await undo(1);
    expect(await both((chain) => chain.spend(coin, BUYER, height))).toEqual(waiting);
    expect(await both((chain) => chain.unspentOutput(change))).toEqual(unconfirmed);
    await scene.mine(2);
    expect((await both((chain) => chain.spend(coin, BUYER, height)))?.confirmation?.height).toBe(height + 1);
  });

  test('outputs that are not there', async () => {
    const { txid } = scene.coin();
    expect(await both((chain) => chain.unspentOutput(UNKNOWN))).toBeUndefined();
    expect(await both((chain) => chain.unspentOutput({ txid, vout: 60_000 }))).toBeUndefined();
    expect(await both((chain) => chain.spend(UNKNOWN, BUYER, 1))).toBeUndefined();
    const coin = scene.coin();
    const data = { script: Uint8Array.of(0x6a, 1, 7), value: 0n };
    const tx = signed({ coins: [coin], outputs: [toBuyer(99_000n), data] });
    await scene.send(tx);
    await both((chain) => chain.unspentOutput({ txid: tx.getId(), vout: 1 }));
    await scene.mine(1);
    expect(await both((chain) => chain.unspentOutput({ txid: tx.getId(), vout: 1 }))).toBeUndefined();
  });

  test('coinbase outputs are told apart, and a wallet gets them when they are mature', async () => {
    // What waits would be spent to the one and unspent to the other.
    await scene.mine(1);
    const young = await scene.coinbase(99);
    const mature = await scene.coinbase(100);
    expect(await both((chain) => chain.unspentOutput(young))).toMatchObject({ coinbase: true });
    const inOrder = async (chain: WalletChain): Promise<readonly WalletOutput[]> => {
      const coins = await chain.outputsPayingTo([BUYER, p2wsh(channelScript)]);
      const key = ({ outpoint: { txid, vout } }: WalletOutput) => `${txid}:${vout}`;
      return coins.toSorted((one, other) => key(one).localeCompare(key(other)));
    };
    const coins = await both(inOrder);
    const ids = new Set(coins.map(({ outpoint }) => outpoint.txid));
    expect(ids.has(mature.txid)).toBe(true);
    expect(ids.has(young.txid)).toBe(false);
    expect(coins.length).toBeGreaterThan(300);
    expect(await both((chain) => chain.outputsPayingTo([]))).toEqual([]);
  });

  test('fee rates without a market are the fallback, and never below the floor', async () => {
    expect(await both((chain) => chain.feeRate(6))).toBe(10_000n);
    const low = { url: facade.url, fallbackFeeRate: 1n };
    expect(await esploraChain(low).feeRate(6)).toBe(1_000n);
    expect(await both((chain) => chain.replacementRate())).toEqual({ incremental: 1_000n, floor: 1_000n });
  });

  test('a mempool entry sums up what depends on it, until a block takes it', async () => {
    const parent = spend([scene.coin()], 500n);
    await scene.send(parent);
    const alone = { fee: 500n, virtualSize: 110 };
    const family = (descendantFees: bigint, descendantVirtualSize: number, descendantCount: number) => ({
      ...alone,
      descendantFees,
      descendantVirtualSize,
      descendantCount,
    });
    const entryOf = (tx: Transaction) => both((chain) => chain.mempoolEntry(tx.getId()));
    expect(await entryOf(parent)).toEqual(family(500n, 110, 1));
    const child = spend([coinOf(parent, 0)], 3_000n);
    await scene.send(child);
    await scene.send(spend([coinOf(child, 0)], 700n));
    expect(await entryOf(parent)).toEqual(family(4_200n, 330, 3));
    expect(await entryOf(child)).toMatchObject({ fee: 3_000n, descendantCount: 2 });
    await scene.mine(1);
    expect(await entryOf(parent)).toBeUndefined();
    expect(await both((chain) => chain.mempoolEntry(UNKNOWN.txid))).toBeUndefined();
  });

  const conflicting = async (first: bigint, second: bigint): Promise<Transaction> => {
    const coin = scene.coin();
    await scene.send(spend([coin], first));
    return signed({ coins: [coin], outputs: [toSeller(coin.value - second)] });
  };

  test.each<[kind: BroadcastOutcome['kind'], what: string, build: () => Promise<Transaction | string>]>([
    ['accepted', 'an ordinary payment', async () => spend([scene.coin()], 500n)],
    ['accepted', 'a replacement that pays for itself', () => conflicting(500n, 1_000n)],
    ['accepted', 'a version 3 settlement', async () => spend([scene.channelCoin()], 500n, 3)],
    [
      'already-known',
      'a transaction in a block',
      async () => {
        const tx = spend([scene.coin()], 500n);
        await scene.send(tx);
        await scene.mine(1);
        return tx;
      },
    ],
    [
      'missing-inputs',
      'a coin that a block spent',
      async () => {
        const coin = scene.coin();
        await scene.send(spend([coin], 500n));
        await scene.mine(1);
        return spend([coin], 5_000n);
      },
    ],
    ['missing-inputs', 'a coin nobody knows', async () => spend([{ ...scene.coin(), ...UNKNOWN }], 500n)],
    [
      'non-final',
      'a refund before its height',
      async () => spend([scene.channelCoin()], 500n, 2, (await scene.height()) + 5),
    ],
    ['fee-too-low', 'a payment below the relay floor', async () => spend([scene.coin()], 109n)],
    ['replacement-too-low', 'a conflict at the same fee', () => conflicting(500n, 500n)],
    ['replacement-too-low', 'a conflict that adds too little', () => conflicting(500n, 550n)],
    [
      'truc-violation',
      'version 3 on an unconfirmed version 2',
      async () => {
        const parent = spend([scene.coin()], 500n);
        await scene.send(parent);
        return spend([coinOf(parent, 0)], 500n, 3);
      },
    ],
    [
      'rejected',
      'an output that is dust',
      async () => signed({ coins: [scene.coin()], outputs: [{ script: p2wpkh(seller), value: 293n }] }),
    ],
    [
      'rejected',
      'a signature by somebody else',
      async () => {
        const coin = scene.coin();
        const tx = unsigned({ coins: [coin], outputs: [toBuyer(99_000n)] });
        signKeyHash(tx, 0, coin, seller);
        return tx;
      },
    ],
    ['rejected', 'an immature coinbase', async () => spend([await scene.coinbase(50)], 500n)],
    ['rejected', 'bytes that are no transaction', async () => '00'.repeat(80)],
  ])('%s: %s', async (kind, _, build) => {
    expect((await outcomeOf(await build())).kind).toBe(kind);
  });

  test('what waits already: tested it is known, sent again it is accepted', async () => {
    const raw = spend([scene.coin()], 500n).toHex();
    await core.broadcast(raw);
    expect(await both((chain) => chain.testAcceptance(raw))).toEqual({ kind: 'already-known' });
    expect(await both((chain) => chain.broadcast(raw))).toEqual({ kind: 'accepted' });
  });

  describe('packages', () => {
    const family = (): { parent: Transaction; child: Transaction } => {
      const parent = spend([scene.coin()], 500n);
      return { parent, child: spend([coinOf(parent, 0)], 500n) };
    };
    const raws = ({ parent, child }: ReturnType<typeof family>) => [parent.toHex(), child.toHex()];

    test.each([['core'], ['esplora']])('a parent and its child go together through %s', async (which) => {
      const chain = which === 'core' ? core : esplora;
      const members = family();
      expect(await chain.broadcastPackage(raws(members))).toEqual({ kind: 'accepted' });
      expect((await both((asked) => asked.mempoolEntry(members.parent.getId())))?.descendantCount).toBe(2);
      expect(await both((asked) => asked.broadcastPackage(raws(members)))).toEqual({ kind: 'accepted' });
    });

    test('a refused child is named, a mined parent does not hold its child back', async () => {
      const members = family();
      const child = spend([coinOf(members.parent, 0)], 1n);
      const refused = await both((chain) => chain.broadcastPackage([members.parent.toHex(), child.toHex()]));
      expect(refused.kind).toBe('fee-too-low');
      await core.broadcast(members.parent.toHex());
      await scene.mine(1);
      expect(await both((chain) => chain.broadcastPackage(raws(members)))).toEqual({ kind: 'accepted' });
    });

    test('a parent that is gone is missing inputs', async () => {
      const coin = { ...scene.coin(), ...UNKNOWN };
      const parent = spend([coin], 500n);
      const members = { parent, child: spend([coinOf(parent, 0)], 500n) };
      const outcome = await both((chain) => chain.broadcastPackage(raws(members)));
      expect(outcome.kind).toBe('missing-inputs');
    });

    if (name === 'bitcoind') {
      test('a real node lets a child pay for a parent without a fee', async () => {
        const parent = spend([scene.channelCoin()], 0n, 3);
        const child = spend([coinOf(parent, 0)], 2_000n, 3);
        expect((await core.testAcceptance(parent.toHex())).kind).toBe('fee-too-low');
        const outcome = await esplora.broadcastPackage([parent.toHex(), child.toHex()]);
        expect(outcome).toEqual({ kind: 'accepted' });
        expect(await both((chain) => chain.mempoolEntry(parent.getId()))).toMatchObject({
          fee: 0n,
          descendantFees: 2_000n,
        });
      });
    }
  });
});
