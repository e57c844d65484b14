import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LocalChain } from '../../local/chain/start-chain.ts';
import { addressOf, buyer, p2wpkh } from '../support/chain-keys.ts';
import { availableChains } from '../support/chains.ts';

const GENESIS = '0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206';
const UNKNOWN = `${'00'.repeat(31)}01`;
const SOME_SCRIPT = 'raw(51)';

const v1 = (result: unknown) => [200, { result, error: null, id: 1 }];
const v1Error = (code: number, message: string, status = 500) => [
  status,
  { result: null, error: { code, message }, id: 1 },
];
const call = (method: string, ...params: unknown[]) => ({ id: 1, method, params });

/** Requests and what every node answers to them, on a chain of one block. */
const table: readonly (readonly [name: string, request: unknown, answer: readonly unknown[]])[] = [
  ['a number', call('getblockcount'), v1(1)],
  [
    'version 2',
    { jsonrpc: '2.0', id: 'x', method: 'getblockcount' },
    [200, { jsonrpc: '2.0', result: 1, id: 'x' }],
  ],
  [
    'an error in version 2',
    { jsonrpc: '2.0', id: 1, method: 'getblockhash', params: [9] },
    [200, { jsonrpc: '2.0', error: { code: -8, message: 'Block height out of range' }, id: 1 }],
  ],
  [
    'a batch',
    [call('getblockcount'), call('nosuch')],
    [200, [v1(1)[1], v1Error(-32601, 'Method not found')[1]]],
  ],
  ['named arguments', { id: 1, method: 'getblockhash', params: { height: 0 } }, v1(GENESIS)],
  [
    'an argument with another name',
    { id: 1, method: 'getblockhash', params: { depth: 0 } },
    v1Error(-8, 'Unknown named parameter depth'),
  ],
  ['no such method', call('nosuch'), v1Error(-32601, 'Method not found', 404)],
  ['a height below 0', call('getblockhash', -1), v1Error(-8, 'Block height out of range')],
  [
    'a height that is a text',
    call('getblockhash', 'x'),
    v1Error(
      -3,
      'Wrong type passed:\n{\n    "Position 1 (height)": "JSON value of type string is not of expected type number"\n}',
    ),
  ],
  ['an unknown block', call('getblock', UNKNOWN), v1Error(-5, 'Block not found')],
  ['a short hash', call('getblock', '00'), v1Error(-8, "blockhash must be of length 64 (not 2, for '00')")],
  ['an unknown block to invalidate', call('invalidateblock', UNKNOWN), v1Error(-5, 'Block not found')],
  ['an output nobody knows', call('gettxout', UNKNOWN, 0), v1(null)],
  [
    'a transaction nobody knows',
    call('getrawtransaction', UNKNOWN),
    v1Error(-5, 'No such mempool or blockchain transaction. Use gettransaction for wallet transactions.'),
  ],
  ['no entry in the mempool', call('getmempoolentry', UNKNOWN), v1Error(-5, 'Transaction not in mempool')],
  ['an empty mempool', call('getrawmempool'), v1([])],
  [
    'an outpoint nobody spends',
    call('gettxspendingprevout', [{ txid: UNKNOWN, vout: 1 }]),
    v1([{ txid: UNKNOWN, vout: 1 }]),
  ],
  ['a bad address', call('generatetoaddress', 1, 'bcrt1zzz'), v1Error(-5, 'Error: Invalid address')],
  [
    'no estimate',
    call('estimatesmartfee', 6),
    v1({ errors: ['Insufficient data or no feerate found'], blocks: 0 }),
  ],
  [
    'an estimate for never',
    call('estimatesmartfee', 0),
    v1Error(-8, 'Invalid conf_target, must be between 1 and 1008'),
  ],
  [
    'a search that finds nothing',
    call('scanblocks', 'start', [SOME_SCRIPT], 0, 1),
    v1({ from_height: 0, to_height: 1, relevant_blocks: [], completed: true }),
  ],
  [
    'a search from beyond',
    call('scanblocks', 'start', [SOME_SCRIPT], 9),
    v1Error(-1, 'Invalid start_height'),
  ],
  ['a search for no hex', call('scantxoutset', 'start', ['raw(zz)']), v1Error(-5, 'Raw script is not hex')],
  [
    "the first block's header",
    call('getblockheader', GENESIS, false),
    v1(
      '0100000000000000000000000000000000000000000000000000000000000000000000003ba3edfd7a7b12b27ac72c3e67768f617fc81bc3888a51323a9fb8aa4b1e5e4adae5494dffff7f2002000000',
    ),
  ],
  ['no JSON', '{bad', [500, { result: null, error: { code: -32700, message: 'Parse error' }, id: null }]],
  [
    'no request',
    5,
    [500, { result: null, error: { code: -32700, message: 'Top-level object parse error' }, id: null }],
  ],
];

describe.each(availableChains())('JSON-RPC of $name', ({ start }) => {
  const folder = mkdtempSync(join(tmpdir(), 'rpc-agreement-'));
  let chain: LocalChain;

  async function ask(request: unknown): Promise<[status: number, answer: unknown]> {
    const { username, password, origin } = new URL(chain.url);
    const response = await fetch(origin, {
      method: 'POST',
      headers: { authorization: `Basic ${btoa(`${username}:${password}`)}` },
      body: typeof request === 'string' ? request : JSON.stringify(request),
    });
    return [response.status, await response.json()];
  }

  beforeAll(async () => {
    chain = await start(folder);
    await ask(call('generatetoaddress', 1, addressOf(p2wpkh(buyer))));
  });
  afterAll(async () => {
    await chain.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  test.each(table)('%s', async (_, request, answer) => {
    expect(await ask(request)).toEqual(answer);
  });

  test('the answers that a wallet or an explorer reads', async () => {
    const [, { result: info }] = (await ask(call('getblockchaininfo'))) as [
      number,
      { result: { bestblockhash: string } },
    ];
    const [, { result: block }] = (await ask(call('getblock', info.bestblockhash, 2))) as [
      number,
      { result: object },
    ];
    const script = Buffer.from(p2wpkh(buyer)).toString('hex');
    const coinbase = {
      version: 2,
      vin: [{ coinbase: '5100', sequence: 0xffffffff, txinwitness: ['00'.repeat(32)] }],
      vout: [
        {
          value: 50,
          n: 0,
          scriptPubKey: { hex: script, type: 'witness_v0_keyhash', address: addressOf(p2wpkh(buyer)) },
        },
        { value: 0, n: 1, scriptPubKey: { type: 'nulldata' } },
      ],
      vsize: 140,
      weight: 560,
    };
    expect(info).toMatchObject({ chain: 'regtest', blocks: 1, headers: 1, bits: '207fffff', pruned: false });
    expect(block).toMatchObject({
      hash: info.bestblockhash,
      height: 1,
      confirmations: 1,
      previousblockhash: GENESIS,
      weight: 884,
      size: 248,
      strippedsize: 212,
      nTx: 1,
      tx: [coinbase],
    });
  });
});
