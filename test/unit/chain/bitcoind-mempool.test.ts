import { Block, Transaction } from 'bitcoinjs-lib';
import fc from 'fast-check';
import { bitcoindChain } from '../../../shared/chain/bitcoind.ts';
import { ChainUnavailable, type WalletChain } from '../../../shared/chain/chain.ts';
import { SEEDED } from '../protocol/support.ts';

const HASH = 'ab'.repeat(32);
const OUTPOINT = { txid: HASH, vout: 0 };
const SCRIPT = Uint8Array.of(0x51);

interface Answer {
  readonly result?: unknown;
  readonly error?: { readonly code: number; readonly message: string };
}

function node(answer: (method: string, attempt: number) => Answer | string) {
  const asked: unknown[] = [];
  const fetch: typeof globalThis.fetch = async (_, init) => {
    const { method, params } = JSON.parse(String(init?.body));
    asked.push([method, ...params]);
    const body = answer(method, asked.length);
    return new Response(typeof body === 'string' ? body : JSON.stringify(body));
  };
  return { chain: bitcoindChain({ url: 'http://a:b@node.invalid:1', fetch, retries: 0 }), asked };
}

const refusal = (code: number, message: string) => () => ({ error: { code, message } });

test('a mempool entry in satoshis, with all that depends on it', async () => {
  const fees = { base: 0.00000138, modified: 1, ancestor: 1, descendant: 0.00010138 };
  const result = { vsize: 138, descendantcount: 2, descendantsize: 1_138, fees };
  expect(await node(() => ({ result })).chain.mempoolEntry(HASH)).toEqual({
    fee: 138n,
    virtualSize: 138,
    descendantFees: 10_138n,
    descendantVirtualSize: 1_138,
    descendantCount: 2,
  });
});

test('one that does not wait is undefined; another refusal is not', async () => {
  const gone = node(refusal(-5, 'Transaction not in mempool'));
  expect(await gone.chain.mempoolEntry(HASH)).toBeUndefined();
  await expect(node(refusal(-1, 'busy')).chain.mempoolEntry(HASH)).rejects.toThrow(ChainUnavailable);
});

test.each([
  [0.00001, 0.00001, 1_000n],
  [0.00025, 0.00001, 25_000n],
  [0.000001, 0.00001, 1_000n],
])('the floor is the higher of %d and %d', async (mempoolminfee, minrelaytxfee, floor) => {
  const result = { mempoolminfee, minrelaytxfee, incrementalrelayfee: 0.000001 };
  expect(await node(() => ({ result })).chain.replacementRate()).toEqual({ incremental: 100n, floor });
});

test.each<[what: string, answer: Answer, kind: string]>([
  ['allowed', { result: [{ txid: HASH, allowed: true }] }, 'accepted'],
  ['spent', { result: [{ allowed: false, 'reject-reason': 'missing-inputs' }] }, 'missing-inputs'],
  ['known', { result: [{ allowed: false, 'reject-reason': 'txn-already-in-mempool' }] }, 'already-known'],
  ['without a reason', { result: [{ allowed: false }] }, 'rejected'],
  ['not decoded', { error: { code: -22, message: 'TX decode failed' } }, 'rejected'],
])('a tested transaction: %s', async (_, answer, kind) => {
  const { chain, asked } = node(() => answer);
  expect((await chain.testAcceptance('00')).kind).toBe(kind);
  expect(asked).toEqual([['testmempoolaccept', ['00']]]);
});

test('a package goes as one list; what is said about another thing is no outcome', async () => {
  const { chain, asked } = node(() => ({ result: { package_msg: 'success', 'tx-results': {} } }));
  expect(await chain.broadcastPackage(['00', '01'])).toEqual({ kind: 'accepted' });
  expect(asked).toEqual([['submitpackage', ['00', '01']]]);
  await expect(node(refusal(-8, 'Array must contain')).chain.broadcastPackage([])).rejects.toThrow(
    ChainUnavailable,
  );
  const order = node(refusal(-25, 'package topology disallowed'));
  expect((await order.chain.broadcastPackage(['00', '01'])).kind).toBe('rejected');
});

describe('any answer at all', () => {
  const QUESTIONS: Readonly<Record<string, (chain: WalletChain) => Promise<unknown>>> = {
    tip: (chain) => chain.tip(),
    blockHash: (chain) => chain.blockHash(5),
    unspentOutput: (chain) => chain.unspentOutput(OUTPOINT),
    spend: (chain) => chain.spend(OUTPOINT, SCRIPT, 1),
    feeRate: (chain) => chain.feeRate(6),
    broadcast: (chain) => chain.broadcast('00'),
    testAcceptance: (chain) => chain.testAcceptance('00'),
    broadcastPackage: (chain) => chain.broadcastPackage(['00', '01']),
    mempoolEntry: (chain) => chain.mempoolEntry(HASH),
    replacementRate: (chain) => chain.replacementRate(),
    outputsPayingTo: (chain) => chain.outputsPayingTo([SCRIPT]),
  };
  const block = new Block();
  block.prevHash = new Uint8Array(32);
  block.merkleRoot = new Uint8Array(32);
  block.transactions = [new Transaction()];
  const amount = fc.oneof(fc.constant(0.00001), fc.double(), fc.string());
  const hash = fc.oneof(fc.constant(HASH), fc.string());
  const count = fc.oneof(fc.integer({ min: 0, max: 200 }), fc.double(), fc.string());
  const nearMiss = fc.record(
    {
      blocks: count,
      bestblockhash: hash,
      bestblock: hash,
      time: count,
      height: count,
      confirmations: count,
      value: amount,
      scriptPubKey: fc.record({ hex: fc.oneof(fc.constant('51'), fc.string()) }),
      coinbase: fc.anything(),
      relevant_blocks: fc.array(hash, { maxLength: 2 }),
      spendingtxid: hash,
      unspents: fc.array(fc.anything(), { maxLength: 2 }),
      success: fc.boolean(),
      feerate: amount,
      mempoolminfee: amount,
      minrelaytxfee: amount,
      incrementalrelayfee: amount,
      vsize: count,
      descendantcount: count,
      descendantsize: count,
      fees: fc.record({ base: amount, descendant: amount }),
      'tx-results': fc.anything(),
      package_msg: fc.anything(),
      allowed: fc.anything(),
      'reject-reason': fc.anything(),
    },
    { requiredKeys: [] },
  );
  const result = fc.oneof(
    { arbitrary: nearMiss, weight: 3 },
    fc.array(nearMiss, { maxLength: 2 }),
    hash,
    fc.constantFrom('00', 'ff', '00'.repeat(80), block.toHex(), null),
  );
  const body = fc.oneof(
    { arbitrary: result.map((value) => JSON.stringify({ result: value, error: null })), weight: 5 },
    fc.string(),
    fc
      .record({ code: fc.integer({ min: -40, max: 0 }), message: fc.string() })
      .map((error) => JSON.stringify({ result: null, error })),
  );
  /** The calls before the interesting one are answered well, half of the time. */
  const GOOD: Readonly<Record<string, unknown>> = {
    getbestblockhash: HASH,
    getblockchaininfo: { blocks: 9, bestblockhash: HASH, time: 1 },
    gettxspendingprevout: [{}],
    scanblocks: { relevant_blocks: [HASH], completed: true },
  };

  test.each(Object.entries(QUESTIONS))(
    '%s answers or is ChainUnavailable, and never anything else',
    (_, ask) =>
      fc.assert(
        fc.asyncProperty(
          fc.array(body, { minLength: 1, maxLength: 4 }),
          fc.boolean(),
          async (bodies, good) => {
            const { chain } = node((method, attempt) =>
              good && method in GOOD ? { result: GOOD[method] } : (bodies[attempt % bodies.length] ?? ''),
            );
            await ask(chain).catch((error: unknown) => expect(error).toBeInstanceOf(ChainUnavailable));
          },
        ),
        { ...SEEDED, numRuns: 150 },
      ),
  );
});
