import { createHash } from 'node:crypto';
import { bytesToHex, hexToBytes, utf8ToBytes } from '@noble/hashes/utils.js';
import { Point, verify } from '@noble/secp256k1';
import { script as bitcoinScript, payments, Transaction } from 'bitcoinjs-lib';
import { cancelMessage, commitmentMessage, refundMessage } from '../../../shared/protocol/commitment.ts';
import { sha256, taggedHash } from '../../../shared/protocol/hashes.ts';
import { channelPublicKey, channelSecretKey } from '../../../shared/protocol/keys.ts';
import { addressOfScript, NETWORK_NAMES, networkParameters } from '../../../shared/protocol/network.ts';
import { change, chunkCount, price } from '../../../shared/protocol/price.ts';
import { continuationMessage, manifestMessage, requestMessage } from '../../../shared/protocol/request.ts';
import { fundingScript, payToWitnessScript } from '../../../shared/protocol/script.ts';
import type { Funding } from '../../../shared/protocol/sighash.ts';
import { signDigest, signMessage, verifyMessage } from '../../../shared/protocol/signature.ts';
import { channelIdOf, encodeTerms, parseTerms } from '../../../shared/protocol/terms.ts';
import {
  buyerSpend,
  type SettlementMember,
  settlement,
  type Unsigned,
} from '../../../shared/protocol/transactions.ts';
import vectors from '../../vectors/protocol.json';
import { publicKeyOf } from './support.ts';

type ChannelVector = (typeof vectors.channels)[number];

const SELLER_SECRET = hexToBytes(vectors.sellerSecret);
const SELLER_KEY = publicKeyOf(SELLER_SECRET);

const termsOf = (vector: ChannelVector) => parseTerms(hexToBytes(vector.termsBytes));
const fundingOf = (vector: ChannelVector): Funding => ({
  ...vector.fundingOutpoint,
  capacity: termsOf(vector).capacity,
  witnessScript: hexToBytes(vector.witnessScript),
});
const outputsOf = (outputs: readonly { script: string; value: string }[]) =>
  outputs.map(({ script, value }) => ({ script: hexToBytes(script), value: BigInt(value) }));

function channelNamed(name: string): ChannelVector {
  const channel = vectors.channels.find((candidate) => candidate.name === name);
  if (!channel) throw new Error(`no channel ${name}`);
  return channel;
}

function signedBy(secret: Uint8Array, unsigned: Unsigned) {
  const signatures = unsigned.digests.map((digest) => signDigest(secret, digest));
  const transaction = unsigned.sign(signatures);
  return {
    digests: unsigned.digests.map(bytesToHex),
    signatures: signatures.map(bytesToHex),
    transaction: transaction.toHex(),
    txid: transaction.getId(),
    virtualSize: transaction.virtualSize(),
  };
}

/** Checks a raw transaction without our code: bitcoinjs parses it and computes the digests, noble verifies. */
function expectEveryInputSigned(
  raw: string,
  channels: readonly ChannelVector[],
  hashTypes: readonly (readonly number[])[],
) {
  const transaction = Transaction.fromHex(raw);
  expect(transaction.ins).toHaveLength(channels.length);
  channels.forEach((channel, index) => {
    const input = transaction.ins[index];
    const [empty, sigA, sigB, script] = input?.witness ?? [];
    expect(bytesToHex(Uint8Array.from(input?.hash ?? []).reverse())).toBe(channel.fundingOutpoint.txid);
    expect(input?.index).toBe(channel.fundingOutpoint.vout);
    expect(input?.sequence).toBe(0xfffffffd);
    expect(empty).toHaveLength(0);
    expect(bytesToHex(script ?? new Uint8Array(0))).toBe(channel.witnessScript);
    const capacity = BigInt(JSON.parse(channel.termsText).capacity);
    [sigA, sigB].forEach((der, at) => {
      const { signature, hashType } = bitcoinScript.signature.decode(der ?? new Uint8Array(0));
      expect(hashType).toBe(hashTypes[index]?.[at]);
      const digest = transaction.hashForWitnessV0(
        index,
        hexToBytes(channel.witnessScript),
        capacity,
        hashType,
      );
      const key = at === 0 ? hexToBytes(channel.channelKey) : SELLER_KEY;
      expect(verify(signature, digest, key, { prehash: false, lowS: true })).toBe(true);
    });
  });
}

describe.each(vectors.channels.map((channel) => [channel.name, channel] as const))(
  'channel "%s"',
  (_, channel) => {
    const terms = termsOf(channel);
    const funding = fundingOf(channel);
    const secret = hexToBytes(channel.channelSecret);

    test('terms, id, keys, script and addresses', () => {
      expect(channel.termsBytes).toBe(bytesToHex(utf8ToBytes(channel.termsText)));
      expect(bytesToHex(encodeTerms(terms))).toBe(channel.termsBytes);
      expect(bytesToHex(channelIdOf(encodeTerms(terms)))).toBe(channel.channelId);
      const id = hexToBytes(channel.channelId);
      expect(bytesToHex(publicKeyOf(hexToBytes(channel.buyerSecret)))).toBe(bytesToHex(terms.buyerKey));
      expect(bytesToHex(taggedHash('spillway/key', terms.buyerKey, id))).toBe(channel.tweak);
      expect(bytesToHex(channelPublicKey(terms.buyerKey, id))).toBe(channel.channelKey);
      expect(bytesToHex(channelSecretKey(hexToBytes(channel.buyerSecret), terms.buyerKey, id))).toBe(
        channel.channelSecret,
      );
      const script = fundingScript(hexToBytes(channel.channelKey), terms.sellerKey);
      expect(bytesToHex(script)).toBe(channel.witnessScript);
      expect(bytesToHex(payToWitnessScript(script))).toBe(channel.scriptPubKey);
      const addresses = NETWORK_NAMES.map((network) => [
        network,
        addressOfScript(payToWitnessScript(script), network),
      ]);
      expect(Object.fromEntries(addresses)).toEqual(channel.addresses);
    });

    test('the same without our code', () => {
      const keys = Object.keys(JSON.parse(channel.termsText));
      expect(keys).toEqual([...keys].sort());
      const tagged = (tag: string, ...parts: string[]) => {
        const prefix = createHash('sha256').update(tag).digest('hex');
        return createHash('sha256')
          .update([prefix, prefix, ...parts].join(''), 'hex')
          .digest('hex');
      };
      expect(tagged('spillway/terms', channel.termsBytes)).toBe(channel.channelId);
      const { buyerKey } = JSON.parse(channel.termsText);
      expect(tagged('spillway/key', buyerKey, channel.channelId)).toBe(channel.tweak);
      const sum = Point.fromHex(buyerKey).add(Point.BASE.multiply(BigInt(`0x${channel.tweak}`)));
      expect(sum.toHex(true)).toBe(channel.channelKey);
      expect(Point.BASE.multiply(BigInt(`0x${channel.channelSecret}`)).toHex(true)).toBe(channel.channelKey);
      const pubkeys = [hexToBytes(channel.channelKey), SELLER_KEY];
      for (const name of NETWORK_NAMES) {
        const network = networkParameters(name);
        const redeem = payments.p2ms({ m: 2, pubkeys, network });
        const { output, address } = payments.p2wsh({ redeem, network });
        expect(bytesToHex(output ?? new Uint8Array(0))).toBe(channel.scriptPubKey);
        expect(address).toBe(channel.addresses[name]);
      }
    });

    test('prices', () => {
      const shape = vectors.dataset;
      expect(chunkCount(shape)).toBe(vectors.dataset.chunks);
      const schedule = channel.schedule.map(({ k }) => ({
        k,
        price: price(terms, shape, k).toString(),
        change: change(terms, shape, k).toString(),
      }));
      expect(schedule).toEqual(channel.schedule);
      expect(channel.schedule.map(({ k }) => k)).toEqual(
        Array.from({ length: terms.count + 1 }, (_, k) => k),
      );
    });

    test('commitments', () => {
      expect(channel.commitments).toHaveLength(terms.count);
      for (const { k, hashType, change: left, digest, buyerSignature } of channel.commitments) {
        const message = commitmentMessage(funding, terms.changeScript, change(terms, vectors.dataset, k));
        expect(bytesToHex(sha256(message))).toBe(digest);
        expect(bytesToHex(signMessage(secret, message))).toBe(buyerSignature);
        expect(verifyMessage(hexToBytes(channel.channelKey), message, hexToBytes(buyerSignature))).toBe(true);
        expect(hashType).toBe(BigInt(left) > 0n ? 0x83 : 0x82);
      }
    });

    test.each([
      ['refund', channel.refund, refundMessage(funding, terms.refundHeight)],
      ['cancel', channel.cancel, cancelMessage(funding)],
    ] as const)('%s', (_, vector, message) => {
      expect(bytesToHex(sha256(message))).toBe(vector.digest);
      expect(bytesToHex(signMessage(SELLER_SECRET, message))).toBe(vector.sellerSignature);
      const unsigned = buyerSpend(
        funding,
        vector.locktime,
        outputsOf(vector.outputs),
        hexToBytes(vector.sellerSignature),
      );
      expect(signedBy(secret, unsigned)).toEqual({
        digests: vector.buyerDigests,
        signatures: vector.buyerAllSignatures,
        transaction: vector.transaction,
        txid: vector.txid,
        virtualSize: vector.virtualSize,
      });
      const parsed = Transaction.fromHex(vector.transaction);
      expect([parsed.version, parsed.locktime]).toEqual([2, vector.locktime]);
      expectEveryInputSigned(vector.transaction, [channel], [[0x01, 0x82]]);
    });
  },
);

describe.each(vectors.settlements.map((vector) => [vector.about, vector] as const))(
  'settlement of %s',
  (_, vector) => {
    test('comes out again', () => {
      const members = vector.members.map(({ channel: name, k }): SettlementMember => {
        const channel = channelNamed(name);
        const commitment = channel.commitments.find((candidate) => candidate.k === k);
        return {
          funding: fundingOf(channel),
          changeScript: termsOf(channel).changeScript,
          change: BigInt(commitment?.change ?? -1),
          buyerSignature: hexToBytes(commitment?.buyerSignature ?? ''),
        };
      });
      const [payout] = outputsOf([vector.payout]);
      if (!payout) throw new Error('no payout');
      expect(signedBy(SELLER_SECRET, settlement(members, payout))).toEqual({
        digests: vector.sellerDigests,
        signatures: vector.sellerAllSignatures,
        transaction: vector.transaction,
        txid: vector.txid,
        virtualSize: vector.virtualSize,
      });
    });

    test('holds without our code: order, outputs and every signature', () => {
      const parts = vector.members.map(({ channel: name, k }) => {
        const channel = channelNamed(name);
        return { channel, change: BigInt(channel.schedule.find((entry) => entry.k === k)?.change ?? -1) };
      });
      const ordered = [
        ...parts.filter((part) => part.change > 0n),
        ...parts.filter((part) => part.change === 0n),
      ];
      const transaction = Transaction.fromHex(vector.transaction);
      expect([transaction.version, transaction.locktime]).toEqual([3, 0]);
      expect(transaction.getId()).toBe(vector.txid);
      expect(transaction.outs.map(({ script, value }) => [bytesToHex(script), value])).toEqual([
        ...ordered
          .filter((part) => part.change > 0n)
          .map((part) => [JSON.parse(part.channel.termsText).changeScript, part.change]),
        [vector.payout.script, BigInt(vector.payout.value)],
      ]);
      const hashTypes = ordered.map((part) => [part.change > 0n ? 0x83 : 0x82, 0x01]);
      expectEveryInputSigned(
        vector.transaction,
        ordered.map((part) => part.channel),
        hashTypes,
      );
    });
  },
);

test('the settlements cover each kind: with and without change, one and two, an order that must change', () => {
  const kinds = vectors.settlements.map(({ members }) =>
    members
      .map(({ channel, k }) => (channelNamed(channel).schedule[k]?.change === '0' ? 'none' : 'change'))
      .join(),
  );
  expect(kinds).toEqual(['change', 'none', 'change,change', 'none,change']);
});

describe('signatures over messages', () => {
  const [signer] = vectors.channels;
  const key = hexToBytes(signer?.channelKey ?? '');
  const secret = hexToBytes(signer?.channelSecret ?? '');

  test.each(vectors.requests.map((vector) => [vector.about, vector] as const))('request: %s', (_, vector) => {
    const message = requestMessage({ ...vector, body: hexToBytes(vector.body) });
    expect(bytesToHex(sha256(message))).toBe(vector.hash);
    expect(bytesToHex(signMessage(secret, message))).toBe(vector.signature);
    const bodyHash = createHash('sha256').update(Buffer.from(vector.body, 'hex')).digest('hex');
    const text = `${vector.method}\n${vector.host}\n${vector.path}\n${vector.seconds}\n${bodyHash}`;
    const tag = createHash('sha256').update('spillway/request').digest();
    expect(createHash('sha256').update(tag).update(tag).update(text).digest('hex')).toBe(vector.hash);
    expect(verify(hexToBytes(vector.signature), hexToBytes(vector.hash), key, { prehash: false })).toBe(true);
  });

  test('continuation', () => {
    const { earlier, later, hash, signature } = vectors.continuation;
    expect([earlier, later]).toEqual(vectors.channels.map(({ channelId }) => channelId));
    const message = continuationMessage(hexToBytes(earlier), hexToBytes(later));
    expect(bytesToHex(sha256(message))).toBe(hash);
    expect(bytesToHex(signMessage(secret, message))).toBe(signature);
    expect(verify(hexToBytes(signature), hexToBytes(hash), key, { prehash: false })).toBe(true);
  });

  test('manifest', () => {
    const { id, hash, signature } = vectors.manifest;
    expect(bytesToHex(sha256(manifestMessage(hexToBytes(id))))).toBe(hash);
    expect(bytesToHex(signMessage(SELLER_SECRET, manifestMessage(hexToBytes(id))))).toBe(signature);
    expect(verify(hexToBytes(signature), hexToBytes(hash), SELLER_KEY, { prehash: false })).toBe(true);
  });
});
