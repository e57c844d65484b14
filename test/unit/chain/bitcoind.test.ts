import { bitcoindChain } from '../../../shared/chain/bitcoind.ts';
import { ChainUnavailable } from '../../../shared/chain/chain.ts';

interface Call {
  readonly method: string;
  readonly params: readonly unknown[];
}

type Reply = (call: Call, attempt: number) => Response | Promise<Response>;

const ok = (result: unknown): Response => new Response(JSON.stringify({ result, error: null, id: 1 }));
const refusal = (code: number, message: string): Response =>
  new Response(JSON.stringify({ result: null, error: { code, message }, id: 1 }), { status: 500 });

const HASH = 'ab'.repeat(32);
const SCRIPT = Uint8Array.from([0x51]);
const OUTPOINT = { txid: HASH, vout: 0 };

/** A node that answers as told, and remembers what it was asked. */
function node(reply: Reply, retries = 2) {
  const calls: Call[] = [];
  const headers: Headers[] = [];
  const fetch: typeof globalThis.fetch = async (address, init) => {
    expect(String(address)).toBe('http://node.invalid:8332/');
    const call = JSON.parse(String(init?.body)) as Call;
    calls.push(call);
    headers.push(new Headers(init?.headers));
    return reply(call, calls.length);
  };
  const url = 'http://someone:s%40cret@node.invalid:8332';
  return { chain: bitcoindChain({ url, fetch, retries }), calls, headers };
}

const refused = () => {
  throw new TypeError('fetch failed', { cause: new Error('connect ECONNREFUSED') });
};

test('a failure of transport is repeated, and an answer after it counts', async () => {
  const { chain, calls } = node((_, attempt) => (attempt < 3 ? refused() : ok(HASH)));
  expect(await chain.blockHash(7)).toBe(HASH);
  expect(calls).toHaveLength(3);
});

test('a failure that stays is ChainUnavailable, without the credentials in it', async () => {
  const { chain, calls } = node(refused, 1);
  const failure = chain.tip();
  await expect(failure).rejects.toThrow(ChainUnavailable);
  await expect(failure).rejects.toThrow(
    'bitcoind at node.invalid:8332, getblockchaininfo: fetch failed: connect ECONNREFUSED',
  );
  expect(calls).toHaveLength(2);
});

test('credentials go into the header, decoded', async () => {
  const { chain, headers } = node(() => ok(HASH));
  await chain.blockHash(1);
  expect(headers[0]?.get('authorization')).toBe(`Basic ${btoa('someone:s@cret')}`);
});

test.each([
  ['no JSON', () => new Response('<html>')],
  ['JSON of another form', () => ok({ blocks: '7' })],
  ['a height beyond all heights', () => ok({ blocks: 5e8 + 1, bestblockhash: HASH, time: 1 })],
  ['a hash that is none', () => ok({ blocks: 7, bestblockhash: 'zz', time: 1 })],
  ['refused credentials', () => new Response('', { status: 401 })],
  ['a node that warms up', () => refusal(-28, 'Loading block index…')],
  ['a refusal nobody expects', () => refusal(-8, 'Block height out of range')],
])('%s is ChainUnavailable at once', async (_, reply) => {
  const { chain, calls } = node(reply);
  await expect(chain.tip()).rejects.toThrow(ChainUnavailable);
  expect(calls).toHaveLength(1);
});

test('a full queue of calls is waited for', async () => {
  const { chain } = node((_, attempt) =>
    attempt === 1 ? new Response('Work queue depth exceeded', { status: 503 }) : ok(HASH),
  );
  expect(await chain.blockHash(7)).toBe(HASH);
});

test('another search under way is waited for', async () => {
  const busy = 'Scan already in progress, use action "abort" or "status"';
  const { chain } = node((_, attempt) =>
    attempt === 1 ? refusal(-8, busy) : ok({ success: true, height: 3, unspents: [] }),
  );
  expect(await chain.outputsPayingTo([SCRIPT])).toEqual([]);
});

test('a height above the tip has no block', async () => {
  const { chain } = node(() => refusal(-8, 'Block height out of range'));
  expect(await chain.blockHash(1_000)).toBeUndefined();
});

test.each([
  [0.00000001, 1n],
  [0.1, 10_000_000n],
  [0.29, 29_000_000n],
  [1.1, 110_000_000n],
  [16.64444444, 1_664_444_444n],
  [20_999_999.99999999, 2_099_999_999_999_999n],
  [21_000_000, 2_100_000_000_000_000n],
])('%d coins are %d satoshis', async (value, sats) => {
  const { chain } = node(({ method }) =>
    method === 'gettxout'
      ? ok({ bestblock: HASH, confirmations: 0, value, scriptPubKey: { hex: '51' }, coinbase: false })
      : ok(HASH),
  );
  expect(await chain.unspentOutput(OUTPOINT)).toEqual({ value: sats, script: SCRIPT, coinbase: false });
});

test.each([1e-9, -0.1, 21_000_000.00000001, 0.123456789])('%d coins are no amount', async (value) => {
  const { chain } = node(({ method }) =>
    method === 'gettxout'
      ? ok({ bestblock: HASH, confirmations: 0, value, scriptPubKey: { hex: '51' }, coinbase: false })
      : ok(HASH),
  );
  await expect(chain.unspentOutput(OUTPOINT)).rejects.toThrow(ChainUnavailable);
});

test('a block that comes between two calls makes the question start again', async () => {
  const tips = ['11'.repeat(32), '22'.repeat(32), '22'.repeat(32)];
  const { chain, calls } = node(({ method }) => ok(method === 'getbestblockhash' ? tips.shift() : null));
  expect(await chain.unspentOutput(OUTPOINT)).toBeUndefined();
  expect(calls.map(({ method }) => method)).toEqual([
    'getbestblockhash',
    'gettxout',
    'getbestblockhash',
    'gettxout',
    'getbestblockhash',
  ]);
});

test('a tip that never rests is ChainUnavailable', async () => {
  let blocks = 0;
  const { chain } = node(({ method }) => {
    blocks += 1;
    return ok(method === 'getbestblockhash' ? String(blocks).padStart(64, '0') : null);
  });
  await expect(chain.unspentOutput(OUTPOINT)).rejects.toThrow('the tip of the chain keeps changing');
});

const floors = (mempoolminfee: number) => ok({ mempoolminfee, minrelaytxfee: 0.00001 });

test.each([
  ['the estimate', 0.00025, 0.00001, 25_000n],
  ["the mempool's minimum above the estimate", 0.00002, 0.0004, 40_000n],
  ['the relay floor above the estimate', 0.00000001, 0.00000001, 1_000n],
])('the fee rate is %s', async (_, feerate, minimum, expected) => {
  const { chain } = node(({ method }) =>
    method === 'estimatesmartfee' ? ok({ feerate, blocks: 6 }) : floors(minimum),
  );
  expect(await chain.feeRate(6)).toBe(expected);
});

test('without enough data the fee rate is 10 sat/vB, and still not below the floor', async () => {
  const errors = ['Insufficient data or no feerate found'];
  const at = (minimum: number) =>
    node(({ method }) => (method === 'estimatesmartfee' ? ok({ errors, blocks: 2 }) : floors(minimum))).chain;
  expect(await at(0.00001).feeRate(6)).toBe(10_000n);
  expect(await at(0.0005).feeRate(6)).toBe(50_000n);
});

test('a broadcast whose answer was lost is sent again', async () => {
  const { chain } = node((_, attempt) =>
    attempt === 1 ? refused() : refusal(-27, 'Transaction outputs already in utxo set'),
  );
  expect(await chain.broadcast('00')).toEqual({ kind: 'already-known' });
});

test('a node that warms up says nothing about a broadcast', async () => {
  const { chain } = node(() => refusal(-28, 'Loading block index…'));
  await expect(chain.broadcast('00')).rejects.toThrow(ChainUnavailable);
});
