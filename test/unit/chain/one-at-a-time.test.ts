import { bitcoindChain } from '../../../shared/chain/bitcoind.ts';
import { oneAtATime } from '../../../shared/chain/one-at-a-time.ts';

test('each begins when the one before it has ended, in the order they came, also after a failure', async () => {
  const inTurn = oneAtATime();
  const story: string[] = [];
  const work =
    (name: string, fails = false) =>
    async () => {
      story.push(`${name} begins`);
      await Promise.resolve();
      story.push(`${name} ends`);
      if (fails) throw new Error(name);
      return name;
    };
  const [first, second, third] = [inTurn(work('one')), inTurn(work('two', true)), inTurn(work('three'))];
  await expect(second).rejects.toThrow('two');
  expect([await first, await third]).toEqual(['one', 'three']);
  expect(story).toEqual(['one', 'two', 'three'].flatMap((name) => [`${name} begins`, `${name} ends`]));
});

test('a node is never asked for a scan while it makes another one for us', async () => {
  const results: Readonly<Record<string, unknown>> = {
    getbestblockhash: 'ab'.repeat(32),
    gettxspendingprevout: [{}],
    getblockchaininfo: { blocks: 9, bestblockhash: 'ab'.repeat(32), time: 1 },
  };
  let scanning = false;
  let scans = 0;
  const fetch: typeof globalThis.fetch = async (_, init) => {
    const { method } = JSON.parse(String(init?.body));
    if (method !== 'scanblocks') return new Response(JSON.stringify({ result: results[method] }));
    expect(scanning).toBe(false);
    scanning = true;
    scans += 1;
    await new Promise((resolve) => setImmediate(resolve));
    scanning = false;
    return new Response(JSON.stringify({ result: { relevant_blocks: [], completed: true } }));
  };
  const chain = bitcoindChain({ url: 'http://a:b@node.invalid:1', fetch, retries: 0 });
  const asked = Array.from({ length: 20 }, (_, vout) =>
    chain.spend({ txid: 'cd'.repeat(32), vout }, Uint8Array.of(0x51), 1),
  );
  expect(await Promise.all(asked)).toEqual(Array.from({ length: 20 }, () => undefined));
  expect(scans).toBe(20);
});
