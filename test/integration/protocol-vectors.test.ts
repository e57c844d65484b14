import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LocalChain } from '../../local/chain/start-chain.ts';
import { availableChains } from '../support/chains.ts';
import { type Rpc, rpcCaller } from '../support/rpc.ts';
import vectors from '../vectors/protocol.json';

const [channels, settlements] = [vectors.channels, vectors.settlements];

/** Every complete transaction of the vectors, with the channels it spends. */
const TRANSACTIONS = [
  ...channels.flatMap((channel) => [
    { about: `refund of ${channel.name}`, spends: [channel], version: 2, ...channel.refund },
    { about: `cancel of ${channel.name}`, spends: [channel], version: 2, ...channel.cancel },
  ]),
  ...settlements.map((settlement) => ({
    ...settlement,
    about: `settlement of ${settlement.about}`,
    spends: channels.filter(({ name }) => settlement.members.some(({ channel }) => channel === name)),
    version: 3,
    locktime: 0,
  })),
];

describe.each(availableChains())('the test vectors on $name', ({ name, start }) => {
  let folder: string;
  let chain: LocalChain;
  let rpc: Rpc;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'spillway-vectors-'));
    chain = await start(folder);
    rpc = rpcCaller(chain.url);
  });

  afterAll(async () => {
    await chain.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  test.each(TRANSACTIONS)(
    '$about is well formed: only its funding is missing',
    async ({ transaction, locktime }) => {
      await expect(rpc('sendrawtransaction', transaction)).rejects.toThrow(
        locktime > 0 ? 'non-final' : 'bad-txns-inputs-missingorspent',
      );
    },
  );

  if (name !== 'bitcoind') return;

  test.each(TRANSACTIONS)(
    'the node reads $about as it was meant',
    async ({ transaction, version, locktime, txid, virtualSize }) => {
      expect(await rpc('decoderawtransaction', transaction)).toMatchObject({
        version,
        locktime,
        txid,
        vsize: virtualSize,
      });
    },
  );

  test.each(TRANSACTIONS)(
    'the node finds every signature of $about valid',
    async ({ transaction, spends }) => {
      const fundings = spends.map(({ fundingOutpoint, scriptPubKey, witnessScript, termsText }) => ({
        ...fundingOutpoint,
        scriptPubKey,
        witnessScript,
        amount: `0.${String(JSON.parse(termsText).capacity).padStart(8, '0')}`,
      }));
      // With no key to add, the node says whether the input scripts hold as they are.
      const signed = (hex: string) => rpc('signrawtransactionwithkey', hex, [], fundings);
      expect(await signed(transaction)).toMatchObject({ complete: true, hex: transaction });
      const otherSequence = transaction.replaceAll('fdffffff', 'fcffffff');
      expect(await signed(otherSequence)).toMatchObject({ complete: false });
    },
  );
});
