import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEsploraFacade } from '../../local/chain/esplora-facade.ts';
import { type Faucet, regtestFaucet } from '../../local/chain/faucet.ts';
import type { LocalChain } from '../../local/chain/start-chain.ts';
import type { LocalServer } from '../../local/listen.ts';
import { bitcoindChain } from '../../shared/chain/bitcoind.ts';
import { ChainDisagreement, type Outpoint, type WalletChain } from '../../shared/chain/chain.ts';
import { esploraChain } from '../../shared/chain/esplora.ts';
import { quorumChain } from '../../shared/chain/quorum.ts';
import { addressOf, buyer, p2wpkh } from '../support/chain-keys.ts';
import type { LogLine } from '../support/chain-sources.ts';
import { signed, toBuyer } from '../support/chain-transactions.ts';
import { availableChains } from '../support/chains.ts';
import { type LyingProxy, startLyingProxy } from '../support/lying-proxy.ts';
import { checkPrinted } from '../support/printed-secrets.ts';
import { rpcCaller } from '../support/rpc.ts';

const SCRIPT = p2wpkh(buyer);
const VALUE = 50_000n;

describe.each(availableChains())('a node and an Esplora that may lie, on $name', ({ start }) => {
  const folder = mkdtempSync(join(tmpdir(), 'chain-quorum-'));
  let node: LocalChain;
  let facade: LocalServer;
  let proxy: LyingProxy;
  let faucet: Faucet;
  let chain: WalletChain;
  let lines: LogLine[];

  beforeAll(async () => {
    node = await start(folder);
    facade = await startEsploraFacade(node.url);
    proxy = await startLyingProxy(facade.url);
    faucet = regtestFaucet(node.url);
  });
  afterAll(async () => {
    await proxy.stop();
    await facade.stop();
    await node.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  beforeEach(() => {
    Object.assign(proxy, { silent: false, slow: undefined, lie: undefined });
    lines = [];
    chain = quorumChain({
      sources: [
        { name: 'node', chain: bitcoindChain({ url: node.url }) },
        { name: 'esplora', chain: esploraChain({ url: proxy.url, wait: async () => {} }) },
      ],
      log: (event, fields) => {
        checkPrinted(event, fields);
        lines.push({ event, ...fields });
      },
      timeoutMs: 2_000,
    });
  });

  async function funded(blocks = 1): Promise<Outpoint> {
    const txid = await faucet.fund(addressOf(SCRIPT), VALUE);
    await faucet.mine(blocks);
    return { txid, vout: 0 };
  }

  test('agree on what both see, and a broadcast reaches both', async () => {
    const outpoint = await funded();
    const { height } = await chain.tip();
    const output = { value: VALUE, script: SCRIPT, coinbase: false };
    expect(await chain.unspentOutput(outpoint)).toMatchObject({ ...output, confirmation: { height } });
    const coin = { ...outpoint, value: VALUE, script: SCRIPT };
    const tx = signed({ coins: [coin], outputs: [toBuyer(VALUE - 500n)] });
    expect(await chain.broadcast(tx.toHex())).toEqual({ kind: 'accepted' });
    expect(proxy.requests).toContain('POST /tx');
    expect((await chain.spend(outpoint, SCRIPT, height))?.txid).toBe(tx.getId());
    await faucet.mine(1);
    expect((await chain.spend(outpoint, SCRIPT, height))?.confirmation?.height).toBe(height + 1);
    expect(lines).toEqual([]);
  });

  test('a funding that only the liar sees confirmed is refused, with an alarm', async () => {
    const outpoint = { txid: await faucet.fund(addressOf(SCRIPT), VALUE), vout: 0 };
    const { height, hash } = await chain.tip();
    const status = { confirmed: true, block_height: height, block_hash: hash, block_time: 1 };
    proxy.lie = (path, honest) =>
      path === `/tx/${outpoint.txid}/status` ? { status: 200, body: JSON.stringify(status) } : honest;
    const answer = chain.unspentOutput(outpoint);
    await expect(answer).rejects.toThrow(ChainDisagreement);
    await expect(answer).rejects.toThrow('the chain sources disagree on unspentOutput: confirmation');
    expect(lines).toMatchObject([{ event: 'chain-sources-disagree', alarm: true }]);
    await faucet.mine(1);
  });

  test('a spend that the liar makes up does not count', async () => {
    const outpoint = await funded();
    const { height, hash } = await chain.tip();
    const status = { confirmed: true, block_height: height, block_hash: hash, block_time: 1 };
    const spent = JSON.stringify({ spent: true, txid: outpoint.txid, vin: 0, status });
    proxy.lie = (path, honest) => (path.includes('/outspend/') ? { status: 200, body: spent } : honest);
    await expect(chain.unspentOutput(outpoint)).rejects.toThrow(
      'the chain sources disagree on unspentOutput: presence',
    );
    // Named as spent by a transaction that does not spend it, which the adapter sees through: as good as silent.
    expect(await chain.spend(outpoint, SCRIPT, height)).toBeUndefined();
    expect(lines.map(({ event }) => event)).toEqual(['chain-sources-disagree', 'chain-source-silent']);
  });

  test.each<[ahead: number, outcome: 'quiet' | 'alarm' | 'refused']>([
    [1, 'quiet'],
    [3, 'alarm'],
    [7, 'refused'],
  ])('a tip %i ahead: %s', async (ahead, outcome) => {
    const { height } = await chain.tip();
    proxy.lie = (path, honest) => {
      if (!path.startsWith('/block/')) return honest;
      return { ...honest, body: JSON.stringify({ ...JSON.parse(honest.body), height: height + ahead }) };
    };
    const answer = chain.tip();
    if (outcome === 'refused') await expect(answer).rejects.toThrow('differ by 7 blocks');
    else expect((await answer).height).toBe(height + ahead);
    expect(lines.map(({ event }) => event)).toEqual(outcome === 'quiet' ? [] : ['chain-tips-differ']);
  });

  test('silence, errors and nonsense of one are done without', async () => {
    const outpoint = await funded();
    proxy.silent = true;
    const quick = quorumChain({
      sources: [
        { name: 'esplora', chain: esploraChain({ url: proxy.url }) },
        { name: 'node', chain: bitcoindChain({ url: node.url }) },
      ],
      log: (event, fields) => {
        checkPrinted(event, fields);
        lines.push({ event, ...fields });
      },
      timeoutMs: 300,
    });
    expect((await quick.unspentOutput(outpoint))?.value).toBe(VALUE);
    expect(lines).toMatchObject([{ source: 'esplora', reason: 'no answer in 300 ms' }]);
    proxy.silent = false;
    for (const [status, body] of [
      [503, 'busy'],
      [429, ''],
      [200, '<html>'],
      [404, 'nothing here'],
    ] as const) {
      proxy.lie = () => ({ status, body });
      expect((await chain.unspentOutput(outpoint))?.value).toBe(VALUE);
      expect(lines.at(-1)).toMatchObject({ event: 'chain-source-silent', alarm: false, source: 'esplora' });
    }
  });

  test('a slow one is waited for', async () => {
    let go = () => {};
    proxy.slow = new Promise((resolve) => {
      go = resolve;
    });
    let answered = false;
    const asked = chain.tip().then((tip) => {
      answered = true;
      return tip;
    });
    const direct = await bitcoindChain({ url: node.url }).tip();
    expect(answered).toBe(false);
    go();
    expect(await asked).toEqual(direct);
    expect(lines).toEqual([]);
  });

  test('with the node gone, Esplora alone goes on', async () => {
    const outpoint = await funded();
    const gone = quorumChain({
      sources: [
        { name: 'node', chain: bitcoindChain({ url: 'http://a:b@127.0.0.1:1', retries: 0 }) },
        { name: 'esplora', chain: esploraChain({ url: proxy.url }) },
      ],
      log: (event, fields) => {
        checkPrinted(event, fields);
        lines.push({ event, ...fields });
      },
    });
    expect((await gone.unspentOutput(outpoint))?.value).toBe(VALUE);
    expect(lines).toMatchObject([{ event: 'chain-source-silent', source: 'node' }]);
  });

  test('a reorg: what lost its block counts as waiting, and comes back', async () => {
    const outpoint = await funded();
    const rpc = rpcCaller(node.url);
    const before = await chain.unspentOutput(outpoint);
    expect(before?.confirmation).toBeDefined();
    await rpc('invalidateblock', before?.confirmation?.blockHash);
    expect(await chain.unspentOutput(outpoint)).toEqual({ value: VALUE, script: SCRIPT, coinbase: false });
    expect(await chain.blockHash(before?.confirmation?.height ?? 0)).toBeUndefined();
    // A block like the one that went, to the second, would be that block again.
    await rpc('setmocktime', (await chain.tip()).time + 600);
    await faucet.mine(2);
    expect((await chain.unspentOutput(outpoint))?.confirmation).toBeDefined();
    expect(lines).toEqual([]);
  });
});
