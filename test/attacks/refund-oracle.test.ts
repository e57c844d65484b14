import { hexToBytes } from '@noble/hashes/utils.js';
import { Transaction } from 'bitcoinjs-lib';
import { fundingOf } from '../../client/buyer/channel-secrets.ts';
import { buildReturn } from '../../client/buyer/returns.ts';
import { cancelMessage, commitmentMessage, refundMessage } from '../../shared/protocol/commitment.ts';
import { manifestMessage } from '../../shared/protocol/request.ts';
import { ALL, NONE_ANYONECANPAY } from '../../shared/protocol/sighash.ts';
import { scriptSignature, signDigest, signMessage, verifyMessage } from '../../shared/protocol/signature.ts';
import { buyerSpend } from '../../shared/protocol/transactions.ts';
import { attackedShop, PRICE, SHORT_LIVES } from '../support/attacked-shop.ts';
import { allRefused, inParallel, moneyOf, type OpenChannel, openMany, pay } from '../support/attacks.ts';
import type { HandChannel } from '../support/hand-buyer.ts';
import { testedBy } from '../support/refusal-of.ts';

/** The shop signs refunds before it is sure of anything: what A gets by it must serve as a refund at L and as nothing else. */

const CAPACITY = 100_000n;
const BAD = 'mempool-script-verify-flag-failed (Signature must be zero for failed CHECK(MULTI)SIG operation)';
const OTHER_SCRIPT = 'mempool-script-verify-flag-failed (Witness program hash mismatch)';
const shop = attackedShop({ policy: SHORT_LIVES });

async function openChannel(): Promise<OpenChannel> {
  const [channel] = await openMany(shop(), 1);
  if (!channel) throw new Error('one was opened');
  return channel;
}

/** A spend of the funding by A's signature and what B signed, in whatever form the attack wants. */
function spend(
  channel: OpenChannel,
  sellerSignature: string,
  form: { readonly version?: number; readonly locktime: number; readonly sequence?: number },
): string {
  const transaction = new Transaction();
  transaction.version = form.version ?? 2;
  transaction.locktime = form.locktime;
  const hash = hexToBytes(channel.outpoint.txid).reverse();
  transaction.addInput(hash, channel.outpoint.vout, form.sequence ?? 0xfffffffd);
  transaction.addOutput(channel.terms.changeScript, CAPACITY - 1_000n);
  const { witnessScript, secret } = channel;
  const digest = transaction.hashForWitnessV0(0, witnessScript, CAPACITY, ALL);
  transaction.setWitness(0, [
    new Uint8Array(0),
    scriptSignature(signDigest(secret, digest), ALL),
    scriptSignature(hexToBytes(sellerSignature), NONE_ANYONECANPAY),
    witnessScript,
  ]);
  return transaction.toHex();
}

test('as a signing oracle: for sixteen outpoints one refund each, of its own script, amount and height', async () => {
  const { buyer } = shop();
  const channel = await buyer.plan();
  await buyer.shop.open(channel, channel.termsBytes);
  const outpoints = Array.from({ length: 16 }, (_, vout) => ({ txid: 'cd'.repeat(32), vout }));
  const signatures = await inParallel(4, outpoints, async (outpoint) => {
    const { signature } = await buyer.shop.cosignRefund(channel, outpoint);
    return signature;
  });
  const { sellerKey, refundHeight, changeScript, manifest } = channel.terms;
  for (const [index, outpoint] of outpoints.entries()) {
    const signature = hexToBytes(signatures[index] ?? '');
    const funding = fundingOf(channel, outpoint);
    const says = (message: Uint8Array) => verifyMessage(sellerKey, message, signature);
    expect(says(refundMessage(funding, refundHeight))).toBe(true);
    expect([
      says(refundMessage(funding, refundHeight - 1)),
      says(cancelMessage(funding)),
      says(commitmentMessage(funding, changeScript, 0n)),
      says(commitmentMessage(funding, changeScript, CAPACITY)),
      says(refundMessage({ ...funding, capacity: CAPACITY + 1n }, refundHeight)),
      says(refundMessage({ ...funding, vout: funding.vout + 1 }, refundHeight)),
      says(manifestMessage(hexToBytes(manifest))),
    ]).toEqual(Array.from({ length: 7 }, () => false));
  }
  // Asked again it tells the same; a seventeenth is not signed, nor anything that comes with it.
  expect((await buyer.shop.cosignRefund(channel, { txid: 'cd'.repeat(32), vout: 3 })).signature).toBe(
    signatures[3],
  );
  const path = `/channels/${channel.channelId}/refund`;
  const outpoint = { txid: 'cd'.repeat(32), vout: 3 };
  const body = (members: object) => JSON.stringify({ outpoint, ...members });
  const before = await shop().everything();
  for (const members of [
    { refundHeight: 1 },
    { locktime: 0 },
    { digest: '00'.repeat(32) },
    { capacity: '1' },
  ]) {
    const answer = await shop().send('POST', path, body(members), { channel });
    expect([answer.status, JSON.parse(answer.body).type]).toEqual([
      400,
      'urn:spillway:problem:malformed-request',
    ]);
  }
  expect(await shop().everything()).toEqual(before);
  await allRefused(shop(), {
    'a seventeenth': [
      () => buyer.shop.cosignRefund(channel, { txid: 'ef'.repeat(32), vout: 0 }),
      '429 too-many-outpoints: 16 outpoints are co-signed already',
    ],
  });
});

test('before L: not with a final sequence, without a locktime, with an earlier one, or as another version', async () => {
  const { buyer, rpc, faucet } = shop();
  const channel = await openChannel();
  const { signature } = await buyer.shop.cosignRefund(channel, channel.outpoint);
  const { refundHeight } = channel.terms;
  await pay(shop(), channel, 1);
  const height = await shop().height();
  const forms = {
    'as it was signed': { locktime: refundHeight },
    'a final sequence, so that the locktime does not count': { locktime: refundHeight, sequence: 0xffffffff },
    'no locktime': { locktime: 0 },
    'an earlier locktime': { locktime: height },
    'a time long past for a locktime': { locktime: 500_000_000 },
    'version 1': { locktime: refundHeight, version: 1, sequence: 0xffffffff },
    'version 3': { locktime: 0, version: 3 },
  };
  const answers = await Promise.all(
    Object.values(forms).map((form) => testedBy(rpc, spend(channel, signature, form))),
  );
  expect(answers).toEqual(['non-final', BAD, BAD, BAD, BAD, BAD, BAD]);

  await buyer.shop.close(channel);
  await faucet.mine(1);
  const { toSeller, toBuyer, fee } = await moneyOf(shop(), channel);
  expect([toSeller + fee, toBuyer]).toEqual([PRICE, CAPACITY - PRICE]);
});

test('a second refund with an earlier height: other terms are another script, and one key is in one channel', async () => {
  const { buyer, rpc } = shop();
  const channel = await openChannel();
  const early = { refundHeight: channel.terms.refundHeight - 15 };
  const sameKey = channel.onTheSameKey(early);
  await allRefused(shop(), {
    'the same key with an earlier height': [
      () => buyer.shop.open(sameKey, sameKey.termsBytes),
      '409 buyer-key-used: buyerKey: belongs to another channel',
    ],
  });
  // On a fresh key the shop signs as for any channel; what it signs does not fit this one's script.
  const fresh = await buyer.plan(early);
  await buyer.shop.open(fresh, fresh.termsBytes);
  const { signature } = await buyer.shop.cosignRefund(fresh, channel.outpoint);
  await shop().mineTo(early.refundHeight);
  expect(await testedBy(rpc, spend(channel, signature, { locktime: early.refundHeight }))).toBe(BAD);
  const takenBack = (owner: HandChannel, sellerSignature: Uint8Array) => {
    const outputs = [{ script: owner.terms.changeScript, value: CAPACITY - 1_000n }];
    const funding = fundingOf(owner, channel.outpoint);
    const unsigned = buyerSpend(funding, early.refundHeight, outputs, sellerSignature);
    return unsigned.sign(unsigned.digests.map((digest) => signDigest(owner.secret, digest))).toHex();
  };
  expect(await testedBy(rpc, takenBack(fresh, hexToBytes(signature)))).toBe(OTHER_SCRIPT);

  // And had the shop signed for the same key: the terms are in the key, so that is another script, too.
  const signed = signMessage(
    shop().sellerSecret,
    refundMessage(fundingOf(sameKey, channel.outpoint), early.refundHeight),
  );
  expect(await testedBy(rpc, takenBack(sameKey, signed))).toBe(OTHER_SCRIPT);
  expect(await moneyOf(shop(), channel)).toMatchObject({ bound: CAPACITY });
});

test('a refund of the height that was agreed comes too late for what was sold: it was settled before', async () => {
  const { buyer, faucet, rpc } = shop();
  const channel = await openChannel();
  const { signature } = await buyer.shop.cosignRefund(channel, channel.outpoint);
  await buyer.shop.issueChunk(channel, 0);
  await pay(shop(), channel, 1);
  const { refundHeight } = channel.terms;
  const close = refundHeight - SHORT_LIVES.close;

  // Near L no chunk goes out on credit, then no payment is taken, then it is settled, whether or not A asks for it.
  await shop().mineTo(refundHeight - SHORT_LIVES.stopChunks);
  shop().pass(61_000);
  await allRefused(shop(), {
    'a chunk on credit': [
      () => buyer.shop.issueChunk(channel, 1),
      '409 too-late: no unpaid chunk is given out this near to the refund height',
    ],
  });
  // What was delivered can still be paid, without a further chunk.
  expect(await pay(shop(), channel, 2)).toMatchObject({ paid: 2, next: null });
  await shop().mineTo(refundHeight - SHORT_LIVES.stopPayments);
  shop().pass(61_000);
  await allRefused(shop(), {
    'a payment': [
      () => pay(shop(), channel, 3),
      '409 too-late: no payment is taken this near to the refund height',
    ],
  });
  await shop().mineTo(close);
  await shop().sweep();
  await faucet.mine(1);
  await shop().mineTo(refundHeight);
  const wanted = { kind: 'refund', outpoint: channel.outpoint, sellerSignature: signature } as const;
  expect(await testedBy(rpc, buildReturn(channel, wanted, 50_000n).raw)).toBe('missing-inputs');
  const { toSeller, toBuyer, fee } = await moneyOf(shop(), channel);
  expect([toSeller + fee, toBuyer]).toEqual([2n * PRICE, CAPACITY - 2n * PRICE]);
});
