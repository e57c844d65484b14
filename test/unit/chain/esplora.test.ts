import { Transaction } from 'bitcoinjs-lib';
import fc from 'fast-check';
import { ChainUnavailable, type WalletChain } from '../../../shared/chain/chain.ts';
import { esploraChain } from '../../../shared/chain/esplora.ts';
import { buyer, p2wpkh } from '../../support/chain-keys.ts';
import { SEEDED } from '../protocol/support.ts';

const HASH = 'ab'.repeat(32);
const SCRIPT = p2wpkh(buyer);

const parent = new Transaction();
parent.version = 2;
parent.addInput(new Uint8Array(32).fill(7), 0);
parent.addOutput(SCRIPT, 70_000n);
const PARENT = parent.getId();
const OUTPOINT = { txid: PARENT, vout: 0 };

const child = new Transaction();
child.version = 3;
child.addInput(parent.getHash(), 0);
child.addOutput(SCRIPT, 69_000n);
const CHILD = child.getId();

type Reply = (path: string, attempt: number, init: RequestInit) => Response | Promise<Response>;

/** A server that answers as told; waits are remembered and not waited. */
function server(reply: Reply, options: { retries?: number; fallbackFeeRate?: bigint } = {}) {
  const asked: string[] = [];
  const waits: number[] = [];
  const fetch: typeof globalThis.fetch = async (address, init) => {
    const { origin, pathname } = new URL(String(address));
    expect(origin).toBe('https://esplora.invalid');
    const path = pathname.replace(/^\/api/, '');
    asked.push(`${init?.method} ${path}`);
    return reply(path, asked.length, init ?? {});
  };
  const wait = async (milliseconds: number) => {
    waits.push(milliseconds);
  };
  const url = 'https://esplora.invalid/api/';
  return { chain: esploraChain({ url, fetch, wait, random: () => 0.5, ...options }), asked, waits };
}

const json = (value: unknown): Response => new Response(JSON.stringify(value));
const text = (body: string, status = 200, headers: Record<string, string> = {}): Response =>
  new Response(body, { status, headers });
const broken = (): never => {
  throw new TypeError('fetch failed', { cause: new Error('connect ECONNREFUSED') });
};
const routes =
  (answers: Readonly<Record<string, () => Response>>): Reply =>
  (path) =>
    answers[path]?.() ?? text('Transaction not found', 404);

describe('a server that does not answer', () => {
  test.each<[what: string, failure: () => Response, waits: readonly number[]]>([
    ['a broken connection', broken, [300, 600]],
    ['too many requests', () => text('', 429), [300, 600]],
    ['too many requests, for two seconds', () => text('', 429, { 'retry-after': '2' }), [2_000, 2_000]],
    ['a gateway error', () => text('<html>', 502), [300, 600]],
    ['a busy node', () => text('all 8 client RPC slots are in use', 503), [300, 600]],
  ])('%s is waited for, longer each time', async (_, failure, waits) => {
    const source = server((_path, attempt) => (attempt < 3 ? failure() : text(HASH)));
    expect(await source.chain.blockHash(7)).toBe(HASH);
    expect(source.asked).toEqual(Array(3).fill('GET /block-height/7'));
    expect(source.waits).toEqual(waits);
  });

  test('three failures are ChainUnavailable, with what and where', async () => {
    const source = server(broken);
    const answer = source.chain.blockHash(7);
    await expect(answer).rejects.toThrow(ChainUnavailable);
    await expect(answer).rejects.toThrow(
      'Esplora at esplora.invalid, /block-height/7: fetch failed: connect ECONNREFUSED',
    );
    expect(source.asked).toHaveLength(3);
  });

  test.each(['60', 'Wed, 21 Oct 2026 07:28:00 GMT', '-1'])(
    'one that wants to be left alone for long (%s) is left alone',
    async (retryAfter) => {
      const source = server(() => text('', 429, { 'retry-after': retryAfter }));
      await expect(source.chain.tip()).rejects.toThrow('HTTP status 429');
      expect(source.waits).toEqual([]);
    },
  );

  test('every request has a time limit, and no redirect is followed', async () => {
    const inits: RequestInit[] = [];
    const source = server((_path, _attempt, init) => {
      inits.push(init);
      return text(HASH);
    });
    await source.chain.blockHash(7);
    expect(inits[0]?.signal).toBeInstanceOf(AbortSignal);
    expect(inits[0]?.redirect).toBe('error');
  });

  test('an answer without end is cut off', async () => {
    const piece = new Uint8Array(8 * 1024 * 1024).fill(0x61);
    let sent = 0;
    const endless = () =>
      new Response(
        new ReadableStream({
          pull(controller) {
            sent += piece.length;
            controller.enqueue(piece);
          },
        }),
      );
    const source = server(endless);
    await expect(source.chain.blockHash(7)).rejects.toThrow('an answer that is too long');
    expect(sent).toBeLessThan(100 * 1024 * 1024);
    expect(source.asked).toHaveLength(1);
  });
});

describe('"not found"', () => {
  test('is an answer in the right words', async () => {
    const { chain } = server((path) =>
      path.startsWith('/block-height')
        ? text('Block not found', 404)
        : path.includes('/outspend/')
          ? json({ spent: false })
          : path.endsWith('/status')
            ? json({ confirmed: false })
            : text('Transaction not found', 404),
    );
    expect(await chain.blockHash(7)).toBeUndefined();
    expect(await chain.unspentOutput(OUTPOINT)).toBeUndefined();
    expect(await chain.spend(OUTPOINT, SCRIPT, 1)).toBeUndefined();
    expect(await chain.mempoolEntry(PARENT)).toBeUndefined();
  });

  test('of another path is a server that is not Esplora', async () => {
    const { chain } = server(() => text('<h1>404</h1>', 404));
    await expect(chain.blockHash(7)).rejects.toThrow('Esplora answers 404, not as expected: <h1>404</h1>');
    await expect(chain.testAcceptance('00')).rejects.toThrow(ChainUnavailable);
  });
});

describe('what a transaction says is taken from its bytes', () => {
  const status = { confirmed: true, block_height: 9, block_hash: HASH, block_time: 1 };
  const honest = {
    [`/tx/${PARENT}/hex`]: () => text(`${parent.toHex()}\n`),
    [`/tx/${PARENT}/status`]: () => json(status),
    [`/tx/${PARENT}/outspend/0`]: () => json({ spent: false }),
    [`/tx/${CHILD}/hex`]: () => text(child.toHex()),
  };

  test('an honest answer', async () => {
    const { chain } = server(routes(honest));
    expect(await chain.unspentOutput(OUTPOINT)).toEqual({
      value: 70_000n,
      script: SCRIPT,
      coinbase: false,
      confirmation: { height: 9, blockHash: HASH },
    });
  });

  test('other bytes are refused', async () => {
    const richer = Transaction.fromHex(parent.toHex());
    richer.outs = [{ script: SCRIPT, value: 80_000n }];
    const lie = { ...honest, [`/tx/${PARENT}/hex`]: () => text(richer.toHex()) };
    await expect(server(routes(lie)).chain.unspentOutput(OUTPOINT)).rejects.toThrow(
      'Esplora answers with bytes that are not the transaction asked for',
    );
  });

  test('a spending transaction has to spend', async () => {
    const spent = (txid: string) => ({
      ...honest,
      [`/tx/${PARENT}/outspend/0`]: () => json({ spent: true, txid, vin: 0, status }),
    });
    const confirmation = { height: 9, blockHash: HASH };
    expect(await server(routes(spent(CHILD))).chain.spend(OUTPOINT, SCRIPT, 1)).toEqual({
      txid: CHILD,
      raw: child.toHex(),
      confirmation,
    });
    await expect(server(routes(spent(PARENT))).chain.spend(OUTPOINT, SCRIPT, 1)).rejects.toThrow(
      'Esplora names a spending transaction that does not spend the output',
    );
    expect(await server(routes(spent(HASH))).chain.spend(OUTPOINT, SCRIPT, 1)).toBeUndefined();
  });

  test('the tip is the block that was asked for', async () => {
    const says = (id: string) =>
      server(
        routes({
          '/blocks/tip/hash': () => text(HASH),
          [`/block/${HASH}`]: () => json({ id, height: 9, timestamp: 77 }),
        }),
      ).chain.tip();
    expect(await says(HASH)).toEqual({ height: 9, hash: HASH, time: 77 });
    await expect(says(PARENT)).rejects.toThrow('another block than was asked for');
  });
});

describe('fee rates', () => {
  const quiet = { vsize: 1_000_000 };
  const rateOf = (estimates: unknown, blocks: number, mempool: unknown = quiet) =>
    server(
      routes({ '/fee-estimates': () => json(estimates), '/mempool': () => json(mempool) }),
    ).chain.feeRate(blocks);
  const ESTIMATES = { '2': 87.882, '6': 68.2851, '144': 1.027, '1008': 0.5 };

  test.each<[blocks: number, rate: bigint]>([
    [1, 87_882n],
    [2, 87_882n],
    [5, 87_882n],
    [6, 68_286n],
    [143, 68_286n],
    [144, 1_027n],
    [500, 1_027n],
    [5_000, 1_000n],
  ])('within %i blocks: %s', async (blocks, rate) => {
    expect(await rateOf(ESTIMATES, blocks)).toBe(rate);
  });

  test('without estimates the fallback, over the cap the cap, with a full mempool its floor', async () => {
    expect(await rateOf({}, 6)).toBe(10_000n);
    expect(await rateOf({ '6': 2.007 }, 6)).toBe(2_007n);
    expect(await rateOf({ '6': 1e300 }, 6)).toBe(1_000_000n);
    expect(await rateOf({ '6': 1.1, '1008': 4 }, 6, { vsize: 90_000_000 })).toBe(4_000n);
  });

  test('a rate in sat/vB is rounded up to the satoshi per 1,000 vB', () =>
    fc.assert(
      fc.asyncProperty(fc.integer({ min: 1_000, max: 999_999 }), async (milli) => {
        expect(await rateOf({ '6': milli / 1_000 }, 6)).toBe(BigInt(milli));
        expect(await rateOf({ '6': (milli - 0.4) / 1_000 }, 6)).toBe(BigInt(milli));
      }),
      SEEDED,
    ));
});

describe('refused broadcasts', () => {
  const rpcError = (code: number, message: string) =>
    `sendrawtransaction RPC error: ${JSON.stringify({ code, message })}`;

  test.each<[body: string, kind: string]>([
    [rpcError(-25, 'bad-txns-inputs-missingorspent'), 'missing-inputs'],
    [rpcError(-26, 'min relay fee not met, 14 < 141'), 'fee-too-low'],
    [rpcError(-26, 'insufficient fee, rejecting replacement'), 'replacement-too-low'],
    [rpcError(-26, 'non-final'), 'non-final'],
    [rpcError(-26, 'dust'), 'rejected'],
    [rpcError(-27, 'Transaction outputs already in utxo set'), 'already-known'],
    ['sendrawtransaction RPC error -26: mempool min fee not met, 100 < 110', 'fee-too-low'],
    ['sendrawtransaction RPC error -27: Transaction already in block chain', 'already-known'],
    ['sendrawtransaction RPC error -25: bad-txns-inputs-missingorspent\n', 'missing-inputs'],
  ])('%s is %s', async (body, kind) => {
    const { chain, asked } = server(() => text(body, 400));
    const outcome = await chain.broadcast('0200');
    expect(outcome.kind).toBe(kind);
    if ('detail' in outcome) expect(body).toContain(outcome.detail);
    expect(asked).toEqual(['POST /tx']);
  });

  test.each([
    'Failed to send raw transaction',
    'sendrawtransaction RPC error: {"code":-26}',
    'sendrawtransaction RPC error: {"code":-28,"message":"Loading block index…"}',
    'sendrawtransaction RPC error -32603: internal',
    'sendrawtransaction RPC error: not JSON',
  ])('%s says nothing about the transaction', async (body) => {
    await expect(server(() => text(body, 400)).chain.broadcast('0200')).rejects.toThrow(ChainUnavailable);
  });

  test('what Esplora itself finds wrong is rejected', async () => {
    const { chain } = server(() => text('Invalid transaction hex for item 0', 400));
    expect(await chain.testAcceptance('zz')).toEqual({
      kind: 'rejected',
      detail: 'Invalid transaction hex for item 0',
    });
  });

  test('an accepted one is named by its id, and the body is the hex alone', async () => {
    const bodies: unknown[] = [];
    const { chain } = server((_path, _attempt, { body }) => {
      bodies.push(body);
      return text(HASH);
    });
    expect(await chain.broadcast('0200')).toEqual({ kind: 'accepted' });
    expect(bodies).toEqual(['0200']);
    await expect(server(() => text('ok')).chain.broadcast('0200')).rejects.toThrow(ChainUnavailable);
  });

  test.each<[what: string, answer: unknown, kind: string]>([
    ['taken', { package_msg: 'success', 'tx-results': {} }, 'accepted'],
    [
      'one known',
      { package_msg: 'x', 'tx-results': { a: { error: 'txn-already-known' }, b: {} } },
      'accepted',
    ],
    ['all known', { package_msg: 'x', 'tx-results': { a: { error: 'txn-already-known' } } }, 'already-known'],
    [
      'the first reason counts',
      {
        package_msg: 'x',
        'tx-results': { a: { error: 'package-not-validated' }, b: { error: 'min relay fee not met, 1 < 2' } },
      },
      'fee-too-low',
    ],
    [
      'not looked at',
      { package_msg: 'x', 'tx-results': { a: { error: 'package-not-validated' } } },
      'rejected',
    ],
    ['not a package', { package_msg: 'package-not-sorted', 'tx-results': {} }, 'rejected'],
  ])('a package: %s', async (_what, answer, kind) => {
    const { chain, asked } = server(() => json(answer));
    expect((await chain.broadcastPackage(['00', '01'])).kind).toBe(kind);
    expect(asked).toEqual(['POST /txs/package']);
  });
});

test('descendants without end are refused', async () => {
  let made = 0;
  const { chain } = server((path) => {
    if (path.endsWith('/outspends')) {
      made += 1;
      return json([{ spent: true, txid: made.toString(16).padStart(64, '0'), status: { confirmed: false } }]);
    }
    const [, , txid] = path.split('/');
    return json({ txid, weight: 440, fee: 500, status: { confirmed: false } });
  });
  await expect(chain.mempoolEntry(HASH)).rejects.toThrow('Esplora tells of endless descendants');
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
    mempoolEntry: (chain) => chain.mempoolEntry(PARENT),
    replacementRate: (chain) => chain.replacementRate(),
    outputsPayingTo: (chain) => chain.outputsPayingTo([SCRIPT]),
  };
  const status = fc.record(
    {
      confirmed: fc.anything(),
      block_height: fc.anything(),
      block_hash: fc.oneof(fc.constant(HASH), fc.anything()),
    },
    { requiredKeys: [] },
  );
  const nearMiss = fc.record(
    {
      id: fc.oneof(fc.constant(HASH), fc.string()),
      height: fc.oneof(fc.integer(), fc.double(), fc.string()),
      timestamp: fc.anything(),
      txid: fc.oneof(fc.constant(PARENT), fc.anything()),
      vout: fc.anything(),
      value: fc.oneof(fc.double(), fc.maxSafeInteger()),
      weight: fc.oneof(fc.integer(), fc.double()),
      fee: fc.oneof(fc.integer(), fc.double(), fc.bigInt().map(String)),
      spent: fc.oneof(fc.boolean(), fc.anything()),
      status,
      vsize: fc.anything(),
      '6': fc.oneof(fc.double(), fc.anything()),
      package_msg: fc.anything(),
      'tx-results': fc.anything(),
      allowed: fc.anything(),
      'reject-reason': fc.anything(),
    },
    { requiredKeys: [] },
  );
  const body = fc.oneof(
    fc.string(),
    fc.json(),
    nearMiss.map((value) => JSON.stringify(value) ?? ''),
    fc.array(nearMiss, { maxLength: 3 }).map((value) => JSON.stringify(value)),
    fc.constantFrom(HASH, parent.toHex(), child.toHex(), `${parent.toHex()}00`, '{}', '[]', 'null'),
    fc.string().map((message) => `sendrawtransaction RPC error: ${message}`),
  );

  test.each(Object.entries(QUESTIONS))(
    '%s answers or is ChainUnavailable, and never anything else',
    (_, ask) =>
      fc.assert(
        fc.asyncProperty(
          fc.array(fc.record({ body, status: fc.constantFrom(200, 200, 200, 400, 404, 500) }), {
            minLength: 1,
            maxLength: 4,
          }),
          async (answers) => {
            const { chain } = server(
              (_path, attempt) => {
                const answer = answers[(attempt - 1) % answers.length];
                return text(answer?.body ?? '', answer?.status ?? 200);
              },
              { retries: 0 },
            );
            await ask(chain).catch((error: unknown) => expect(error).toBeInstanceOf(ChainUnavailable));
          },
        ),
        { ...SEEDED, numRuns: 150 },
      ),
  );
});
