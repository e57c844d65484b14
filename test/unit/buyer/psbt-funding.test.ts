import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { hexToBytes } from '@noble/hashes/utils.js';
import { Psbt, payments, Transaction } from 'bitcoinjs-lib';
import { buyerChannels } from '../../../client/buyer/channels.ts';
import { makeReceipts } from '../../../client/buyer/make-receipt.ts';
import { writeDurably } from '../../../client/buyer/node/durable-files.ts';
import { psbtFile, signedPathOf } from '../../../client/buyer/node/psbt-file.ts';
import { readDraft, readSigned } from '../../../client/buyer/psbt-funding.ts';
import { buy } from '../../../client/buyer/purchase.ts';
import { encodeReceipt } from '../../../client/buyer/receipt.ts';
import { refund } from '../../../client/buyer/refund.ts';
import { verifyReceipt } from '../../../client/buyer/verify-receipt.ts';
import { type WalletKeys, walletKeys } from '../../../client/buyer/wallet-keys.ts';
import { addressOfScript, networkParameters } from '../../../shared/protocol/network.ts';
import { signDigest, verifyDigest } from '../../../shared/protocol/signature.ts';
import { type BuyerWorld, buyerWorld, smallDataset } from '../../support/buyer-world.ts';
import { eventually } from '../../support/eventually.ts';

const network = networkParameters('regtest');
const channelScript = hexToBytes(`0020${'ab'.repeat(32)}`);
const WANTED = { script: channelScript, value: 20_000n };
const TXID = 'cd'.repeat(32);

/** The other wallet: BIP39's own first vector. */
let other: WalletKeys;
beforeAll(async () => {
  other = await walletKeys(`${'abandon '.repeat(11)}about`, 'regtest');
});

/** Signs all inputs, as any wallet that has the keys does. */
function signAll(psbt: Psbt): Psbt {
  const { publicKey, secret } = other.external(0);
  const signer = { publicKey, sign: (digest: Uint8Array) => signDigest(secret, digest) };
  for (const index of psbt.data.inputs.keys()) psbt.signInput(index, signer);
  expect(psbt.validateSignaturesOfAllInputs(verifyDigest)).toBe(true);
  return psbt;
}

interface Shape {
  readonly script?: Uint8Array;
  readonly outputs?: readonly { script: Uint8Array; value: bigint }[];
  readonly vout?: number;
}

function drafted({ script = other.external(0).script, outputs, vout = 0 }: Shape = {}): Psbt {
  const psbt = new Psbt({ network });
  psbt.addInput({ hash: TXID, index: vout, witnessUtxo: { script, value: 30_000n } });
  for (const output of outputs ?? [WANTED, { script: other.external(0).script, value: 9_000n }])
    psbt.addOutput(output);
  return psbt;
}

describe('a draft', () => {
  test('that pays the channel from segwit coins will do', () => {
    const psbt = drafted();
    const { outpoint, fee, inputs } = readDraft(psbt.toBuffer(), WANTED);
    expect({ fee, inputs, vout: outpoint.vout }).toEqual({
      fee: 1_000n,
      inputs: [{ txid: TXID, vout: 0 }],
      vout: 0,
    });
    expect(readDraft(new TextEncoder().encode(`${psbt.toBase64()}\n`), WANTED).outpoint).toEqual(outpoint);
  });

  const p2sh = payments.p2sh({ hash: new Uint8Array(20) }).output ?? new Uint8Array(0);
  const p2pkh = payments.p2pkh({ hash: new Uint8Array(20) }).output ?? new Uint8Array(0);
  test.each<[string, Shape, string]>([
    ['wrapped segwit', { script: p2sh }, 'spends an output that is not native segwit (input 0)'],
    ['a legacy coin', { script: p2pkh }, 'spends an output that is not native segwit (input 0)'],
    [
      'a satoshi less',
      { outputs: [{ ...WANTED, value: 19_999n }] },
      'does not pay 20000 sat to the channel, once',
    ],
    [
      'a satoshi more',
      { outputs: [{ ...WANTED, value: 20_001n }] },
      'does not pay 20000 sat to the channel, once',
    ],
    [
      'the channel twice',
      { outputs: [WANTED, { ...WANTED, value: 5_000n }] },
      'does not pay 20000 sat to the channel, once',
    ],
    [
      'somebody else',
      { outputs: [{ script: new Uint8Array(22), value: 20_000n }] },
      'does not pay 20000 sat',
    ],
    [
      'more than it has',
      { outputs: [WANTED, { script: channelScript.with(5, 1), value: 10_001n }] },
      'pays -1 sat of fee',
    ],
  ])('of %s is refused before its refund is signed', (_, shape, reason) => {
    expect(() => readDraft(drafted(shape).toBuffer(), WANTED)).toThrow(
      `The funding from the other wallet ${reason}`,
    );
  });

  test('with a fee that no hurry asks for is refused, and so is what is no PSBT', () => {
    const psbt = new Psbt({ network });
    psbt.addInput({
      hash: TXID,
      index: 0,
      witnessUtxo: { script: other.external(0).script, value: 9_000_000n },
    });
    psbt.addOutput(WANTED);
    expect(() => readDraft(psbt.toBuffer(), WANTED)).toThrow('pays 8980000 sat of fee');
    for (const bytes of [new Uint8Array(0), new TextEncoder().encode('cHNidP8x')]) {
      expect(() => readDraft(bytes, WANTED)).toThrow('is no PSBT');
    }
  });
});

describe('what comes back signed', () => {
  const back = (psbt: Psbt) => readSigned(psbt.toBuffer(), readDraft(drafted().toBuffer(), WANTED));

  test('is taken if it is the very transaction, finished or not', () => {
    const raw = back(signAll(drafted()));
    expect(Transaction.fromHex(raw).getId()).toBe(readDraft(drafted().toBuffer(), WANTED).outpoint.txid);
    expect(back(signAll(drafted()).finalizeAllInputs())).toBe(raw);
  });

  test.each<[string, () => Psbt, string]>([
    ['not signed', () => drafted(), 'is not signed completely'],
    [
      'another amount',
      () => signAll(drafted({ outputs: [{ ...WANTED, value: 19_000n }] })),
      'is another transaction',
    ],
    ['another output', () => signAll(drafted({ outputs: [WANTED] })), 'is another transaction'],
    ['another coin', () => signAll(drafted({ vout: 1 })), 'is another transaction'],
    [
      'an input script that changes its id',
      () => {
        const psbt = signAll(drafted()).finalizeAllInputs();
        psbt.updateInput(0, { finalScriptSig: Uint8Array.of(0) });
        return psbt;
      },
      'has another id once it is signed',
    ],
  ])('%s: refused', (_, psbt, reason) => {
    expect(() => back(psbt())).toThrow(`The funding from the other wallet ${reason}`);
  });
});

describe('a purchase that another wallet pays', () => {
  const dataset = smallDataset();
  let world: BuyerWorld;
  let path: string;
  beforeEach(async () => {
    world = await buyerWorld(dataset);
    path = join(world.home, '..', 'funding.psbt');
    world.chain.pay(other.external(0).script, 100_000n);
  });
  afterEach(() => world.end());

  const run = (onSign: () => Promise<void>, stop?: AbortController) =>
    buy(
      { ...world.buyer, ...(stop && { signal: stop.signal }) },
      {
        shopUrl: world.shop.url,
        dataset: 'numbers',
        output: world.output,
        wait: { settlement: true },
        externalWallet: () =>
          psbtFile({
            path,
            from: [addressOfScript(other.external(0).script, 'regtest')],
            network: 'regtest',
            chain: world.chain,
          }),
      },
      ({ kind }) => {
        if (kind === 'funding-to-sign')
          void eventually('the file', async () => existsSync(path) || undefined).then(onSign);
        if (kind === 'funding-sent' || kind === 'channel-closed') setImmediate(() => world.chain.mine());
      },
    );
  const signFile = async () => signAll(Psbt.fromBuffer(await readFile(path)));

  test('without a deposit: the refund is signed before there is anything to sign', async () => {
    const calls: string[][] = [];
    const result = await run(async () => {
      calls.push([...world.shop.calls]);
      await writeDurably(signedPathOf(path), (await signFile()).toBase64());
    });
    expect(result).toMatchObject({ paid: 11_000n, channels: [{ end: { by: 'settlement' } }] });
    expect(calls[0]?.some((call) => call.endsWith('/refund'))).toBe(true);
    expect(world.chain.paymentsTo(world.wallet.keys.external(0).script)).toEqual([]);
    const [made] = await makeReceipts(world.buyer);
    expect(verifyReceipt(encodeReceipt(made?.receipt as never)).verified.paid).toBe(11_000n);
  });

  test('that wallet may send it itself; a run that was stopped goes on with the same file', async () => {
    const stop = new AbortController();
    await expect(run(async () => stop.abort(), stop)).rejects.toMatchObject({ code: 'interrupted' });
    const draft = await readFile(path);
    const result = await run(async () => {
      const signed = (await signFile()).finalizeAllInputs().extractTransaction();
      await world.chain.broadcast(signed.toHex());
      world.chain.mine();
    });
    expect(result.paid).toBe(11_000n);
    expect(result.channels).toHaveLength(1);
    expect((await readFile(path)).equals(draft)).toBe(true);
  });

  test('what nobody signs in time is given up, then new terms are made; signed after all, it comes back', async () => {
    const stop = new AbortController();
    await expect(run(async () => stop.abort(), stop)).rejects.toMatchObject({ code: 'interrupted' });
    world.chain.mine(31);
    await expect(run(async () => undefined)).rejects.toMatchObject({
      code: 'channel-expired',
      money: 'Nothing is bound. Do not sign or send it any more; if you do, `spillway refund` takes it back.',
    });
    expect(await refund(world.buyer)).toMatchObject([{ status: { kind: 'unfunded' } }]);
    expect(await buyerChannels(world.buyer)).toMatchObject([{ standing: 'abandoned' }]);
    await expect(run(async () => undefined)).rejects.toMatchObject({
      code: 'usage',
      message: `${path} is there already and is not what is to be signed now.`,
    });

    const late = (await signFile()).finalizeAllInputs().extractTransaction();
    await world.chain.broadcast(late.toHex());
    world.chain.mine(60);
    const [back] = await refund(world.buyer);
    expect(back?.status).toMatchObject({ kind: 'sent', returned: expect.any(BigInt) });
  });
});
