import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import type { Transaction } from 'bitcoinjs-lib';
import { fundingOf } from '../../client/buyer/channel-secrets.ts';
import { buildReturn } from '../../client/buyer/returns.ts';
import { scriptOfAddress } from '../../shared/protocol/network.ts';
import { change } from '../../shared/protocol/price.ts';
import { signDigest } from '../../shared/protocol/signature.ts';
import { buyerSpend, settlement } from '../../shared/protocol/transactions.ts';
import { type BuiltCommand, buildCommand } from '../support/built-command.ts';
import { availableChains } from '../support/chains.ts';
import { eventually } from '../support/eventually.ts';
import { type FundedChannel, type HandBuyer, type HandChannel, handBuyer } from '../support/hand-buyer.ts';
import { derOf, withHighS } from '../support/high-s.ts';
import { type LocalShopProcess, startLocalShop } from '../support/local-shop.ts';
import { MIB, patterned } from '../support/object-store.ts';
import { refusalOf, testedBy } from '../support/refusal-of.ts';

/** Blocks: short, so that L is near. */
const POLICY = {
  creditMinimumChunks: 3,
  minimumLifetime: 20,
  defaultLifetime: 40,
  maximumLifetime: 100,
  minimumLifeAtFunding: 16,
  stopChunks: 9,
  stopPayments: 6,
  close: 3,
};
const SHAPE = { totalSize: 11 * MIB, chunkSize: 5 * MIB };
const BAD_SIGNATURE =
  'mempool-script-verify-flag-failed (Signature must be zero for failed CHECK(MULTI)SIG operation)';

let command: BuiltCommand;
beforeAll(() => {
  command = buildCommand();
});
afterAll(() => command.end());

describe.each(availableChains())('in the words of $name', (chain) => {
  let root: string;
  let shop: LocalShopProcess;
  let buyer: HandBuyer;

  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'spillway-rejections-'));
    shop = await startLocalShop(command, {
      folder: join(root, 'shop'),
      chain,
      policy: POLICY,
      sweepEvery: 0.5,
    });
    await writeFile(join(root, 'data.bin'), patterned(SHAPE.totalSize, 1));
    const { manifest } = await shop.publish(
      join(root, 'data.bin'),
      '--price',
      '5000',
      '--chunk-size',
      '5MiB',
    );
    // The faucet mines its first coins now, not between a channel's plan and its funding.
    await shop.faucet.mine(101);
    buyer = handBuyer(shop, { manifest, shape: SHAPE, pricePerChunk: 5_000n });
  });
  afterAll(async () => {
    await shop.stop();
    await rm(root, { recursive: true, force: true });
  });

  const raw = (transaction: Transaction | string) =>
    typeof transaction === 'string' ? transaction : transaction.toHex();
  const send = (transaction: Transaction | string) => shop.rpc('sendrawtransaction', raw(transaction));
  const height = async () => Number(await shop.rpc('getblockcount'));
  const mineTo = async (target: number) => shop.faucet.mine(target - (await height()));
  const sellerSecret = () => hexToBytes(shop.environment.SPILLWAY_SELLER_SECRET ?? '');
  const payoutScript = () => scriptOfAddress(shop.environment.SPILLWAY_PAYOUT_ADDRESS ?? '', 'regtest');

  const refusal = (transaction: Transaction | string) => refusalOf(shop.rpc, raw(transaction));

  const refundOf = (channel: FundedChannel, feeRate = 3_000n) =>
    buildReturn(
      channel,
      { kind: 'refund', outpoint: channel.outpoint, sellerSignature: channel.refundSignature },
      feeRate,
    );

  /** What B could build from a commitment; A's signature, change and fee as the test wants them. */
  function settlementOf(
    channel: FundedChannel,
    k: number,
    { fee, left, buyerSignature }: { fee: bigint; left?: bigint; buyerSignature?: Uint8Array },
  ): Transaction {
    const owed = change(channel.terms, SHAPE, k);
    const member = {
      funding: fundingOf(channel, channel.outpoint),
      changeScript: channel.terms.changeScript,
      change: left ?? owed,
      buyerSignature: buyerSignature ?? channel.commitment(channel.outpoint, k, owed),
    };
    const value = channel.terms.capacity - member.change - fee;
    const unsigned = settlement([member], { script: payoutScript(), value });
    return unsigned.sign(unsigned.digests.map((digest) => signDigest(sellerSecret(), digest)));
  }

  /** The id of the channel's settlement, once it is in the mempool. */
  const waitingSettlement = (channel: HandChannel) =>
    eventually('a settlement', async () => {
      const { spend } = await buyer.shop.channel(channel);
      const waiting = (await shop.rpc('getrawmempool')) as string[];
      return spend && waiting.includes(spend.txid) ? spend.txid : undefined;
    });

  const stateOf = async (channel: HandChannel) => (await buyer.shop.channel(channel)).state;

  test('a refund is non-final until the tip is L; then it goes at the fee that A chose, and the channel is EXPIRED', async () => {
    const channel = await buyer.fundedChannel();
    expect(channel.answer.state).toBe('OPEN');
    const { refundHeight, capacity } = channel.terms;
    const refund = refundOf(channel, 7_777n);
    expect(await refusal(refund.raw)).toEqual([-26, 'non-final', 'non-final']);
    await mineTo(refundHeight - 1);
    expect(await refusal(refund.raw)).toEqual([-26, 'non-final', 'non-final']);
    await shop.faucet.mine(1);
    await send(refund.raw);
    const entry = await shop.rpc('getmempoolentry', refund.txid);
    expect(entry).toMatchObject({ fees: { base: Number(refund.fee) / 1e8 } });
    expect(refund).toMatchObject({ returned: capacity - refund.fee });
    // 137 to 139 vB, as long as the signatures are, at 7.777 sat/vB.
    expect(Number(refund.fee)).toBeGreaterThanOrEqual(1_066);
    expect(Number(refund.fee)).toBeLessThanOrEqual(1_082);

    await shop.faucet.mine(5);
    await eventually('the shop sees the refund', async () =>
      (await buyer.shop.channel(channel)).spend?.txid === refund.txid ? true : undefined,
    );
    expect(await stateOf(channel)).toBe('CLOSING');
    await shop.faucet.mine(1);
    await eventually('EXPIRED', async () => ((await stateOf(channel)) === 'EXPIRED' ? true : undefined));
  });

  test('a refund after a confirmed settlement finds its input spent', async () => {
    const channel = await buyer.fundedChannel();
    await buyer.shop.commit(channel, 1, bytesToHex(channel.commitment(channel.outpoint, 1)));
    expect((await buyer.shop.close(channel)).state).toBe('CLOSING');
    const settlementTxid = await waitingSettlement(channel);
    await shop.faucet.mine(1);
    await mineTo(channel.terms.refundHeight);
    expect(await refusal(refundOf(channel).raw)).toEqual([
      -25,
      'bad-txns-inputs-missingorspent',
      'missing-inputs',
    ]);
    const settled = await eventually('SETTLED', async () => {
      const answer = await buyer.shop.channel(channel);
      return answer.state === 'SETTLED' ? answer : undefined;
    });
    expect(settled.spend?.txid).toBe(settlementTxid);
  });

  test('a settlement that gives A a satoshi less or more than A signed for fails the script', async () => {
    const channel = await buyer.fundedChannel();
    const owed = change(channel.terms, SHAPE, 2);
    for (const left of [owed - 1n, owed + 1n]) {
      const [code, message, reason] = await refusal(settlementOf(channel, 2, { fee: 1_000n, left }));
      expect([code, reason]).toEqual([-26, BAD_SIGNATURE]);
      expect(message.startsWith(BAD_SIGNATURE)).toBe(true);
    }
    // The same transaction with the change that was signed for is taken.
    expect(await testedBy(shop.rpc, raw(settlementOf(channel, 2, { fee: 1_000n })))).toBe('allowed');
  });

  test("a commitment at another k, or for another funding, does not settle; nor does A's signature alone", async () => {
    const channel = await buyer.fundedChannel();
    const owed = change(channel.terms, SHAPE, 2);
    const otherK = channel.commitment(channel.outpoint, 1);
    const otherFunding = channel.commitment({ ...channel.outpoint, vout: 1 }, 2);
    for (const buyerSignature of [otherK, otherFunding]) {
      const [code, , reason] = await refusal(
        settlementOf(channel, 2, { fee: 1_000n, left: owed, buyerSignature }),
      );
      expect([code, reason]).toEqual([-26, BAD_SIGNATURE]);
    }
    const alone = settlementOf(channel, 2, { fee: 1_000n });
    const [empty, mine, , script] = alone.ins[0]?.witness ?? [];
    if (!empty || !mine || !script) throw new Error('a settlement has four witness elements');
    alone.setWitness(0, [empty, mine, mine, script]);
    const [code, , reason] = await refusal(alone);
    expect([code, reason]).toEqual([-26, BAD_SIGNATURE]);
  });

  test('the settlement of an older commitment cannot take the place of the better one', async () => {
    const channel = await buyer.fundedChannel();
    for (const k of [1, 2]) {
      await buyer.shop.commit(channel, k, bytesToHex(channel.commitment(channel.outpoint, k)));
    }
    const stale = await buyer.shop
      .commit(channel, 1, bytesToHex(channel.commitment(channel.outpoint, 1)))
      .catch((error) => error);
    expect(stale).toMatchObject({ status: 409, problem: 'stale-commitment' });
    await buyer.shop.close(channel);
    const settlementTxid = await waitingSettlement(channel);
    const [code, message, reason] = await refusal(settlementOf(channel, 1, { fee: 1_690n }));
    expect([code, reason]).toEqual([-26, 'insufficient fee']);
    expect(message).toMatch(/^insufficient fee, rejecting replacement [0-9a-f]{64}[;,] /);
    await shop.faucet.mine(1);
    expect(await refusal(settlementOf(channel, 1, { fee: 4_000n }))).toEqual([
      -25,
      'bad-txns-inputs-missingorspent',
      'missing-inputs',
    ]);
    expect(await shop.rpc('getrawtransaction', settlementTxid, true)).toMatchObject({ confirmations: 1 });
  });

  test('a signature with high s is refused by the shop, and by the node where it stands in a witness', async () => {
    const channel = await buyer.fundedChannel();
    const good = channel.commitment(channel.outpoint, 1);
    const refused = await buyer.shop.commit(channel, 1, bytesToHex(withHighS(good))).catch((error) => error);
    expect(refused).toMatchObject({ status: 422, problem: 'bad-commitment-signature' });
    expect((await buyer.shop.channel(channel)).paid).toBe(0);

    const transaction = settlementOf(channel, 1, { fee: 1_000n });
    const [empty, mine, sellers, script] = transaction.ins[0]?.witness ?? [];
    if (!empty || !mine || !sellers || !script) throw new Error('a settlement has four witness elements');
    transaction.setWitness(0, [empty, derOf(withHighS(good), 0x83), sellers, script]);
    const [code, message, reason] = await refusal(transaction);
    const words =
      'mempool-script-verify-flag-failed (Non-canonical signature: S value is unnecessarily high)';
    expect([code, reason]).toEqual([-26, words]);
    expect(message.startsWith(words)).toBe(true);
  });

  test('nothing bought: the cancel is taken long before L, and the channel never opens again', async () => {
    const channel = await buyer.fundedChannel();
    const { state, cancels } = await buyer.shop.close(channel);
    expect(state).toBe('CANCELLED');
    const [given] = cancels;
    if (!given) throw new Error('no cancel signature');
    expect(given.outpoint).toEqual(channel.outpoint);
    expect(await height()).toBeLessThan(channel.terms.refundHeight - 30);
    const wanted = { kind: 'cancel', outpoint: channel.outpoint, sellerSignature: given.signature } as const;
    const cancel = buildReturn(channel, wanted, 5_000n);
    expect(await send(cancel.raw)).toBe(cancel.txid);
    await shop.faucet.mine(1);

    expect((await buyer.shop.open(channel, channel.termsBytes)).state).toBe('CANCELLED');
    const again = await buyer.shop.confirmFunding(channel, channel.outpoint).catch((error) => error);
    const chunk = await buyer.shop.issueChunk(channel, 0).catch((error) => error);
    const payment = bytesToHex(channel.commitment(channel.outpoint, 1));
    const paid = await buyer.shop.commit(channel, 1, payment).catch((error) => error);
    expect([chunk, paid].map(({ problem }) => problem)).toEqual(['channel-not-open', 'channel-not-open']);
    expect(again).toMatchObject({ state: 'CANCELLED', paid: 0 });
    await mineTo(channel.terms.refundHeight);
    expect((await refusal(refundOf(channel).raw))[1]).toBe('bad-txns-inputs-missingorspent');
  });

  test('a channel that got a chunk on credit and paid nothing is not cancelled', async () => {
    const channel = await buyer.fundedChannel();
    await buyer.shop.issueChunk(channel, 0);
    const refused = await buyer.shop.close(channel).catch((error) => error);
    expect(refused).toMatchObject({ status: 409, problem: 'unpaid-delivery' });
    expect(await stateOf(channel)).toBe('OPEN');
  });

  test('a refund that was co-signed for other terms, with an earlier L, does not spend the funding', async () => {
    const channel = await buyer.fundedChannel();
    const early = await buyer.plan({ refundHeight: (await height()) + 20 });
    await buyer.shop.open(early, early.termsBytes);
    const { signature } = await buyer.shop.cosignRefund(early, channel.outpoint);
    const { refundHeight } = early.terms;
    expect(refundHeight).toBeLessThan(channel.terms.refundHeight);
    const built = (locktime: number, from: HandChannel) => {
      const outputs = [{ script: channel.terms.changeScript, value: channel.terms.capacity - 1_000n }];
      const unsigned = buyerSpend(
        fundingOf(from, channel.outpoint),
        locktime,
        outputs,
        hexToBytes(signature),
      );
      return unsigned.sign(unsigned.digests.map((digest) => signDigest(from.secret, digest)));
    };
    await mineTo(refundHeight);
    // On the channel's own script, and on the script of the other terms.
    const [code, , reason] = await refusal(built(refundHeight, channel));
    expect([code, reason]).toEqual([-26, BAD_SIGNATURE]);
    expect((await refusal(built(refundHeight, early)))[2]).toBe(
      'mempool-script-verify-flag-failed (Witness program hash mismatch)',
    );
    // The right one waits for its own L.
    expect(await refusal(refundOf(channel).raw)).toEqual([-26, 'non-final', 'non-final']);
  });
});
