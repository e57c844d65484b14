import { type Chain, ChainUnavailable } from '../../../shared/chain/chain.ts';
import { deferredChain } from '../../../shared/chain/deferred-chain.ts';

/** A chain that answers the name of what was asked and with what. */
const echo = new Proxy({} as Chain, {
  get: (_, name) =>
    name === 'then' ? undefined : (...parameters: unknown[]) => Promise.resolve([name, ...parameters]),
});
const outpoint = { txid: '11'.repeat(32), vout: 0 };
const script = Uint8Array.of(1);

test('every question is passed on as it is, and the sources are looked up once', async () => {
  let made = 0;
  const chain = deferredChain(
    async () => {
      made += 1;
      return echo;
    },
    () => {},
  );
  expect(made).toBe(0);
  const asked: [keyof Chain, Promise<unknown>, unknown[]][] = [
    ['tip', chain.tip(), []],
    ['blockHash', chain.blockHash(5), [5]],
    ['unspentOutput', chain.unspentOutput(outpoint), [outpoint]],
    ['spend', chain.spend(outpoint, script, 7), [outpoint, script, 7]],
    ['feeRate', chain.feeRate(6), [6]],
    ['broadcast', chain.broadcast('00'), ['00']],
    ['testAcceptance', chain.testAcceptance('01'), ['01']],
    ['broadcastPackage', chain.broadcastPackage(['02', '03']), [['02', '03']]],
    ['mempoolEntry', chain.mempoolEntry('44'), ['44']],
    ['replacementRate', chain.replacementRate(), []],
  ];
  expect(asked).toHaveLength(Object.keys(chain).length);
  for (const [name, answer, parameters] of asked) expect(await answer).toEqual([name, ...parameters]);
  expect(made).toBe(1);
});

test('sources that cannot be had: the chain is unavailable, somebody is told, and the next question tries again', async () => {
  const lines: unknown[] = [];
  let made = 0;
  const chain = deferredChain(
    async () => {
      made += 1;
      if (made === 1) throw new Error('AccessDenied');
      return echo;
    },
    (event, fields) => lines.push({ event, ...fields }),
  );
  await expect(chain.tip()).rejects.toThrow(ChainUnavailable);
  expect(lines).toEqual([{ event: 'chain-sources-unknown', alarm: true, reason: 'AccessDenied' }]);
  expect(await chain.tip()).toEqual(['tip']);
});
