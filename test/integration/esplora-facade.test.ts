import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEsploraFacade } from '../../local/chain/esplora-facade.ts';
import type { LocalChain } from '../../local/chain/start-chain.ts';
import type { LocalServer } from '../../local/listen.ts';
import { sha256 } from '../../shared/protocol/hashes.ts';
import type { Scene } from '../support/chain-cases/chain-case.ts';
import { addressOf, buyer, channelScript, p2wpkh } from '../support/chain-keys.ts';
import { prepareScene } from '../support/chain-scene.ts';
import { coinOf, signed, toBuyer } from '../support/chain-transactions.ts';
import { availableChains } from '../support/chains.ts';
import { rpcCaller } from '../support/rpc.ts';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const UNKNOWN = '11'.repeat(32);
const HASH = expect.stringMatching(/^[0-9a-f]{64}$/);

/** Answers as API.md of Blockstream/esplora describes them and electrs writes them. */
describe.each(availableChains())('the Esplora facade over $name', ({ start }) => {
  const folder = mkdtempSync(join(tmpdir(), 'esplora-facade-'));
  let node: LocalChain;
  let facade: LocalServer;
  let scene: Scene;

  beforeAll(async () => {
    node = await start(folder);
    facade = await startEsploraFacade(node.url);
    scene = await prepareScene(rpcCaller(node.url));
  });
  afterAll(async () => {
    await facade.stop();
    await node.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  async function ask(path: string, body?: string): Promise<readonly [status: number, body: unknown]> {
    const init = body === undefined ? {} : { method: 'POST', body };
    const response = await fetch(facade.url + path, init);
    const text = await response.text();
    const isJson = response.headers.get('content-type') === 'application/json';
    return [response.status, isJson ? JSON.parse(text) : text];
  }

  test.each([
    ['/block-height/99999', 404, 'Block not found'],
    ['/block-height/x', 400, 'Invalid number'],
    [`/block/${UNKNOWN}`, 404, 'Block not found'],
    [`/tx/${UNKNOWN}`, 404, 'Transaction not found'],
    [`/tx/${UNKNOWN}/hex`, 404, 'Transaction not found'],
    [`/tx/${UNKNOWN}/outspends`, 404, 'Transaction not found'],
    ['/tx/zz', 400, 'Invalid hex string'],
    [`/tx/${UNKNOWN}/outspend/x`, 400, 'Invalid number'],
    [`/tx/${UNKNOWN}/status`, 200, { confirmed: false }],
    [`/tx/${UNKNOWN}/outspend/0`, 200, { spent: false }],
    ['/scripthash/zz/utxo', 400, 'Invalid scripthash'],
    ['/nothing/here', 404, 'endpoint does not exist "/nothing/here"'],
    ['/fee-estimates', 200, {}],
  ])('GET %s: %i %j', async (path, status, body) => {
    expect(await ask(path)).toEqual([status, body]);
  });

  test.each([
    ['/tx', '00', 400, /^sendrawtransaction RPC error: \{"code":-22,"message":"TX decode failed/],
    ['/txs/test', '["00"]', 400, /^Invalid transaction size for item 0$/],
    ['/txs/test', `["${'zz'.repeat(80)}"]`, 400, /^Invalid transaction hex for item 0$/],
    ['/txs/package', JSON.stringify(Array(26).fill('00')), 400, /^Exceeded maximum of 25 transactions$/],
    ['/txs/package', 'x', 400, /./],
  ])('POST %s %#: refused in its words', async (path, body, status, words) => {
    const [actual, text] = await ask(path, body);
    expect(actual).toBe(status);
    expect(text).toMatch(words);
  });

  test('a refused broadcast carries the error of the node', async () => {
    const coin = scene.coin();
    const raw = signed({ coins: [coin], outputs: [toBuyer(coin.value - 1n)] }).toHex();
    const message = 'min relay fee not met, 1 < 110';
    const text = `sendrawtransaction RPC error: ${JSON.stringify({ code: -26, message })}`;
    expect(await ask('/tx', raw)).toEqual([400, text]);
  });

  test('blocks', async () => {
    const height = await scene.height();
    const [, hash] = await ask('/blocks/tip/hash');
    expect(await ask('/blocks/tip/height')).toEqual([200, String(height)]);
    expect(await ask(`/block-height/${height}`)).toEqual([200, hash]);
    expect(await ask(`/block/${hash}`)).toEqual([
      200,
      {
        id: hash,
        height,
        version: expect.any(Number),
        timestamp: expect.any(Number),
        tx_count: 2,
        size: expect.any(Number),
        weight: expect.any(Number),
        merkle_root: HASH,
        previousblockhash: HASH,
        mediantime: expect.any(Number),
        nonce: expect.any(Number),
        bits: 0x207fffff,
        difficulty: expect.any(Number),
      },
    ]);
  });

  test('a transaction, waiting and mined, with its spends and coins', async () => {
    const coin = scene.channelCoin();
    const tx = signed({ coins: [coin], outputs: [toBuyer(99_000n)], version: 3 });
    const txid = tx.getId();
    expect(await ask('/tx', tx.toHex())).toEqual([200, txid]);
    const output = {
      scriptpubkey: hex(p2wpkh(buyer)),
      scriptpubkey_asm: `OP_0 OP_PUSHBYTES_20 ${hex(p2wpkh(buyer).subarray(2))}`,
      scriptpubkey_type: 'v0_p2wpkh',
      scriptpubkey_address: addressOf(p2wpkh(buyer)),
      value: 99_000,
    };
    const input = {
      txid: coin.txid,
      vout: coin.vout,
      prevout: {
        scriptpubkey: hex(coin.script),
        scriptpubkey_asm: `OP_0 OP_PUSHBYTES_32 ${hex(coin.script.subarray(2))}`,
        scriptpubkey_type: 'v0_p2wsh',
        scriptpubkey_address: addressOf(coin.script),
        value: 100_000,
      },
      scriptsig: '',
      scriptsig_asm: '',
      witness: tx.ins[0]?.witness.map(hex),
      is_coinbase: false,
      sequence: 0xfffffffd,
      inner_witnessscript_asm: `OP_PUSHNUM_2 OP_PUSHBYTES_33 ${hex(channelScript.subarray(2, 35))} OP_PUSHBYTES_33 ${hex(channelScript.subarray(36, 69))} OP_PUSHNUM_2 OP_CHECKMULTISIG`,
    };
    const view = {
      txid,
      version: 3,
      locktime: 0,
      vin: [input],
      vout: [output],
      size: tx.byteLength(),
      weight: tx.weight(),
      fee: 1_000,
    };
    const waiting = { confirmed: false };
    expect(await ask(`/tx/${txid}`)).toEqual([200, { ...view, status: waiting }]);
    const spent = (status: unknown) => [200, { spent: true, txid, vin: 0, status }];
    expect(await ask(`/tx/${coin.txid}/outspend/${coin.vout}`)).toEqual(spent(waiting));
    expect(await ask('/mempool')).toEqual([
      200,
      { count: 1, vsize: tx.virtualSize(), total_fee: 1_000, fee_histogram: [[expect.any(Number), 137]] },
    ]);
    expect(await ask('/mempool/txids')).toEqual([200, [txid]]);

    const [hash] = await scene.mine(1);
    const mined = {
      confirmed: true,
      block_height: await scene.height(),
      block_hash: hash,
      block_time: expect.any(Number),
    };
    expect(await ask(`/tx/${txid}`)).toEqual([200, { ...view, status: mined }]);
    expect(await ask(`/tx/${txid}/status`)).toEqual([200, mined]);
    expect(await ask(`/tx/${coin.txid}/outspend/${coin.vout}`)).toEqual(spent(mined));
    expect(await ask(`/tx/${txid}/outspends`)).toEqual([200, [{ spent: false }]]);
    const [, coins] = await ask(`/scripthash/${hex(sha256(p2wpkh(buyer)))}/utxo`);
    expect(coins).toContainEqual({ txid, vout: 0, value: 99_000, status: mined });

    const coinbase = await scene.coinbase(1);
    const [, reward] = await ask(`/tx/${coinbase.txid}`);
    expect(reward).toMatchObject({
      vin: [{ txid: '00'.repeat(32), vout: 0xffffffff, prevout: null, is_coinbase: true }],
      fee: 0,
    });
    const [, tested] = await ask('/txs/test', JSON.stringify([tx.toHex()]));
    expect(tested).toMatchObject([{ txid, allowed: false, 'reject-reason': 'txn-already-known' }]);
    const child = signed({ coins: [coinOf(tx, 0)], outputs: [toBuyer(98_000n)] });
    expect(await ask('/txs/test', JSON.stringify([child.toHex()]))).toMatchObject([200, [{ allowed: true }]]);
  });
});
