import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import { getPublicKey } from '@noble/secp256k1';
import { channelSecrets } from '../../../client/buyer/channel-secrets.ts';
import {
  checkCancelSignature,
  checkCapacity,
  checkCommitment,
  checkLifeLeft,
  checkLink,
  checkManifest,
  checkOffer,
  checkPaidClaim,
  checkPaymentTaken,
  checkPrice,
  checkRefundHeight,
  checkRefundSignature,
  checkTermsReturned,
  checkTips,
  isFundingConfirmed,
} from '../../../client/buyer/checks.ts';
import { walletKeys } from '../../../client/buyer/wallet-keys.ts';
import type { ChannelAnswer, DatasetAnswer } from '../../../shared/http/api.ts';
import { canonicalBytes } from '../../../shared/protocol/canonical-json.ts';
import { cancelMessage, refundMessage } from '../../../shared/protocol/commitment.ts';
import { CURVE_ORDER } from '../../../shared/protocol/keys.ts';
import { bytesToNumberBE, numberToBytesBE } from '../../../shared/protocol/numbers.ts';
import { manifestMessage } from '../../../shared/protocol/request.ts';
import { signMessage } from '../../../shared/protocol/signature.ts';
import { channelIdOf, encodeTerms, type Terms } from '../../../shared/protocol/terms.ts';
import { hash, smallDataset } from '../../support/buyer-world.ts';

const SELLER_SECRET = new Uint8Array(32).fill(3);
const SELLER_KEY = getPublicKey(SELLER_SECRET, true);
const WORDS = 'abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about';
const dataset = smallDataset();

describe('the manifest', () => {
  const id = hash(dataset.manifestBytes).toString('hex');
  const signature = bytesToHex(signMessage(SELLER_SECRET, manifestMessage(hexToBytes(id))));

  test('is taken as published', () => {
    expect(checkManifest(dataset.manifestBytes, id, SELLER_KEY, signature)).toEqual(dataset.manifest);
  });

  test('is refused where its hash is another', () => {
    const other = dataset.manifestBytes.with(10, 0x41);
    expect(() => checkManifest(other, id, SELLER_KEY, signature)).toThrow(
      'The manifest is not the one asked for.',
    );
  });

  test('is refused where another key signed it', () => {
    const strangers = bytesToHex(signMessage(new Uint8Array(32).fill(4), manifestMessage(hexToBytes(id))));
    expect(() => checkManifest(dataset.manifestBytes, id, SELLER_KEY, strangers)).toThrow(
      'The manifest is not signed by the seller.',
    );
  });

  test.each([
    ['a segment too few', { chunks: dataset.manifest.chunks.map((chunk) => ({ ...chunk, segments: [] })) }],
    ['a path that leads out', { files: [{ path: '../a', size: dataset.data.length }] }],
    ['a path that is absolute', { files: [{ path: '/etc/passwd', size: dataset.data.length }] }],
  ])('is refused with %s, though it is signed', (_, changed) => {
    const bytes = canonicalBytes({ ...dataset.manifest, ...changed });
    const changedId = hash(bytes).toString('hex');
    const signed = bytesToHex(signMessage(SELLER_SECRET, manifestMessage(hexToBytes(changedId))));
    expect(() => checkManifest(bytes, changedId, SELLER_KEY, signed)).toThrow(/^The manifest is not valid/);
  });

  test('fits the offer', () => {
    const { totalSize, chunkSize } = dataset.manifest;
    const offer = { manifest: id, totalSize, chunkSize, chunks: 3 } as DatasetAnswer;
    expect(() => checkOffer(offer, dataset.manifest)).not.toThrow();
    for (const wrong of [{ totalSize: totalSize + 1 }, { chunkSize: chunkSize - 1 }, { chunks: 4 }]) {
      expect(() => checkOffer({ ...offer, ...wrong }, dataset.manifest)).toThrow(
        'The offer does not fit its manifest.',
      );
    }
  });
});

describe('heights and money', () => {
  test('tips may differ by three blocks, not by four', () => {
    for (const difference of [-3, 0, 3]) expect(() => checkTips(100, 100 + difference)).not.toThrow();
    for (const difference of [-4, 4])
      expect(() => checkTips(100, 100 + difference)).toThrow(/another height/);
  });

  test('money is bound for 2,016 blocks at most', () => {
    expect(() => checkRefundHeight(2_116, 100)).not.toThrow();
    expect(() => checkRefundHeight(2_117, 100)).toThrow(
      'The refund would be 2017 blocks away, more than 2016.',
    );
  });

  test('a funding needs life left', () => {
    expect(() => checkLifeLeft(316, 100, 216)).not.toThrow();
    expect(() => checkLifeLeft(315, 100, 216)).toThrow('Only 215 blocks are left, 216 are needed.');
  });

  test('price and capacity stay within the buyer’s limits', () => {
    expect(() => checkPrice(10n, 10n)).not.toThrow();
    expect(() => checkPrice(10n, undefined)).not.toThrow();
    expect(() => checkPrice(11n, 10n)).toThrow('The price is 11 sat, over your limit of 10 sat.');
    expect(() => checkCapacity(10n, 10n)).not.toThrow();
    expect(() => checkCapacity(11n, 10n)).toThrow(
      'The channel would hold 11 sat, over your limit of 10 sat.',
    );
  });

  test('no shop was paid more than was signed', () => {
    expect(() => checkPaidClaim(2, 2)).not.toThrow();
    expect(() => checkPaidClaim(3, 2)).toThrow('The shop claims more payments than were ever signed.');
  });

  test('no shop takes a payment and counts it as less', () => {
    expect(() => checkPaymentTaken(2, 2)).not.toThrow();
    expect(() => checkPaymentTaken(3, 2)).not.toThrow();
    expect(() => checkPaymentTaken(1, 2)).toThrow('The shop took a payment and says that it was paid less.');
  });
});

describe('a channel', () => {
  const outpoint = { txid: 'ab'.repeat(32), vout: 0 };

  async function channel() {
    const keys = await walletKeys(WORDS, 'regtest');
    const terms: Terms = {
      network: 'regtest',
      buyerKey: keys.channel(0).publicKey,
      sellerKey: SELLER_KEY,
      manifest: '11'.repeat(32),
      first: 0,
      count: 3,
      pricePerChunk: 5_000n,
      credit: 1,
      capacity: 15_000n,
      refundHeight: 900,
      changeScript: keys.internal(0).script,
      nonce: new Uint8Array(16),
    };
    const bytes = encodeTerms(terms);
    const channelId = bytesToHex(channelIdOf(bytes));
    return {
      text: new TextDecoder().decode(bytes),
      secrets: channelSecrets({ channelId, terms, keyIndex: 0 }, keys),
    };
  }

  test('is answered with the terms that were sent', async () => {
    const { text, secrets } = await channel();
    const answer = { channelId: secrets.channelId, terms: JSON.parse(text) } as ChannelAnswer;
    expect(() => checkTermsReturned(secrets.channelId, text, answer)).not.toThrow();
    const changed = { ...answer, terms: { ...answer.terms, capacity: '15001' } };
    expect(() => checkTermsReturned(secrets.channelId, text, changed)).toThrow(/other terms than were sent/);
    const renamed = { ...answer, channelId: 'ff'.repeat(32) };
    expect(() => checkTermsReturned(secrets.channelId, text, renamed)).toThrow(/other terms than were sent/);
  });

  test('has its refund signed strictly, for its outpoint and height', async () => {
    const { secrets } = await channel();
    const funding = { ...outpoint, capacity: 15_000n, witnessScript: secrets.witnessScript };
    const sign = (refundHeight: number) => signMessage(SELLER_SECRET, refundMessage(funding, refundHeight));
    const check = (signature: Uint8Array, answered = outpoint) =>
      checkRefundSignature(secrets, outpoint, {
        channelId: secrets.channelId,
        outpoint: answered,
        signature: bytesToHex(signature),
      });
    const good = sign(900);
    expect(() => check(good)).not.toThrow();
    expect(() => check(sign(901))).toThrow("The seller's refund signature is not valid.");
    expect(() => check(good, { ...outpoint, vout: 1 })).toThrow(
      "The seller's refund signature is not valid.",
    );
    const high = numberToBytesBE(CURVE_ORDER - bytesToNumberBE(good.subarray(32)), 32);
    expect(() => check(Buffer.concat([good.subarray(0, 32), high]))).toThrow(
      "The seller's refund signature is not valid.",
    );
  });

  test('has its cancel signed for its outpoint', async () => {
    const { secrets } = await channel();
    const funding = { ...outpoint, capacity: 15_000n, witnessScript: secrets.witnessScript };
    const signature = bytesToHex(signMessage(SELLER_SECRET, cancelMessage(funding)));
    expect(() => checkCancelSignature(secrets, outpoint, signature)).not.toThrow();
    expect(() => checkCancelSignature(secrets, { ...outpoint, vout: 1 }, signature)).toThrow(
      /cancel signature/,
    );
  });

  test('counts as funded only by the very output, in a block', async () => {
    const { secrets } = await channel();
    const output = {
      value: 15_000n,
      script: secrets.script,
      coinbase: false,
      confirmation: { height: 1, blockHash: '00'.repeat(32) },
    };
    const { confirmation: _, ...waiting } = output;
    expect(isFundingConfirmed(secrets, output)).toBe(true);
    expect(isFundingConfirmed(secrets, undefined)).toBe(false);
    expect(isFundingConfirmed(secrets, waiting)).toBe(false);
    expect(isFundingConfirmed(secrets, { ...output, value: 14_999n })).toBe(false);
    expect(isFundingConfirmed(secrets, { ...output, script: secrets.terms.changeScript })).toBe(false);
  });

  test('is paid for what is verified and ahead, on the confirmed outpoint, and for no more', () => {
    const request = { k: 2, verified: 2, ahead: 0, count: 3, outpoint, confirmed: outpoint };
    expect(() => checkCommitment(request)).not.toThrow();
    expect(() => checkCommitment({ ...request, k: 3, ahead: 1 })).not.toThrow();
    for (const wrong of [{ k: 3 }, { k: 0 }, { k: 1.5 }, { k: 4, ahead: 5 }]) {
      expect(() => checkCommitment({ ...request, ...wrong })).toThrow(/pays for more than 2 verified/);
    }
    for (const confirmed of [undefined, { ...outpoint, vout: 1 }, { txid: 'cd'.repeat(32), vout: 0 }]) {
      expect(() => checkCommitment({ ...request, confirmed })).toThrow(/seen confirmed/);
    }
  });
});

describe('a link', () => {
  const expected = { chunk: 1, size: 100, host: 'data.example:9000' };
  const link = { chunk: 1, size: 100, url: 'https://data.example:9000/chunks/1?token', expiresAt: 1 };

  test('leads to the manifest’s host and the chunk that is due', () => {
    expect(() => checkLink(link, expected)).not.toThrow();
  });

  test.each([
    'https://data.example/chunks/1',
    'https://elsewhere.example:9000/chunks/1',
    'https://data.example:9000@elsewhere.example/',
    'ftp://data.example:9000/chunks/1',
  ])('to %s is refused', (url) => {
    expect(() => checkLink({ ...link, url }, expected)).toThrow('The link leads to another host');
  });

  test('of another size or number is refused', () => {
    expect(() => checkLink({ ...link, size: 101 }, expected)).toThrow(
      'The link is not to the chunk that is due.',
    );
    expect(() => checkLink({ ...link, chunk: 2 }, expected)).toThrow(
      'The link is not to the chunk that is due.',
    );
  });
});
