import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hexToBytes } from '@noble/hashes/utils.js';
import { coreWallet } from '../../client/buyer/core-wallet.ts';
import type { ExternalWallet } from '../../client/buyer/external-wallet.ts';
import { readDraft, readSigned } from '../../client/buyer/psbt-funding.ts';
import type { LocalChain } from '../../local/chain/start-chain.ts';
import { availableChains } from '../support/chains.ts';
import { type Rpc, rpcCaller } from '../support/rpc.ts';

const WANTED = { script: hexToBytes(`0020${'ab'.repeat(32)}`), value: 20_000n };

/** Wallets are a real node's, where there is one; the embedded ledger has none. */
const [embedded, ...nodes] = availableChains();

test('a node without wallets funds nothing', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'core-wallet-'));
  const chain = await embedded?.start(folder);
  try {
    const url = `${chain?.url}/wallet/mine`;
    const wallet = coreWallet({ url, network: 'regtest', chain: { feeRate: async () => 2_500n } });
    await expect(wallet.draft(WANTED)).rejects.toThrow(
      'The Bitcoin Core wallet refuses walletcreatefundedpsbt: Method not found.',
    );
  } finally {
    await chain?.stop();
    await rm(folder, { recursive: true, force: true });
  }
});

for (const kind of nodes)
  describe(`a wallet of ${kind.name}`, () => {
    let folder: string;
    let chain: LocalChain;
    let rpc: Rpc;
    let wallet: ExternalWallet;

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'core-wallet-'));
      chain = await kind.start(folder);
      rpc = rpcCaller(chain.url);
      await rpc('createwallet', 'mine');
      await rpc('generatetoaddress', 102, await rpc('getnewaddress', '', 'bech32'));
      const { origin, username, password } = new URL(chain.url);
      const url = `${origin.replace('//', `//${username}:${password}@`)}/wallet/mine`;
      wallet = coreWallet({ url, network: 'regtest', chain: { feeRate: async () => 2_500n } });
    });
    afterAll(async () => {
      await chain.stop();
      await rm(folder, { recursive: true, force: true });
    });

    test('drafts with its coins locked, signs the very transaction, and the node takes it', async () => {
      const psbt = await wallet.draft(WANTED);
      const draft = readDraft(psbt, WANTED);
      expect(await rpc('listlockunspent')).toEqual(draft.inputs);
      const signed = await wallet.signed(psbt);
      const raw = readSigned(signed ?? new Uint8Array(0), draft);
      expect(await rpc('testmempoolaccept', [raw])).toMatchObject([
        { txid: draft.outpoint.txid, allowed: true },
      ]);
      await wallet.release(draft.inputs);
      expect(await rpc('listlockunspent')).toEqual([]);
    });

    test('more than it has: funds-needed, in its words, and nothing is locked', async () => {
      await expect(wallet.draft({ ...WANTED, value: 20_000_000_000n })).rejects.toMatchObject({
        code: 'funds-needed',
        message: 'The Bitcoin Core wallet refuses walletcreatefundedpsbt: Insufficient funds.',
        money: 'Nothing new was bound.',
      });
      expect(await rpc('listlockunspent')).toEqual([]);
    });

    test('a wrapped coin will not do: its refund could be voided', async () => {
      const wrapped = await rpc('getnewaddress', '', 'p2sh-segwit');
      await rpc('sendall', [wrapped], null, 'unset', 2);
      await rpc('generatetoaddress', 1, wrapped);
      const psbt = await wallet.draft(WANTED);
      expect(() => readDraft(psbt, WANTED)).toThrow('spends an output that is not native segwit');
    });
  });
