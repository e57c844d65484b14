/** Writes test/vectors/ from fixed keys. The tests beside them check the files by other means than these functions. */
import { writeFileSync } from 'node:fs';
import { bytesToHex, hexToBytes, utf8ToBytes } from '@noble/hashes/utils.js';
import { getPublicKey } from '@noble/secp256k1';
import type { Transaction } from 'bitcoinjs-lib';
import { cancelMessage, commitmentMessage, refundMessage } from '../shared/protocol/commitment.ts';
import { sha256, taggedHash } from '../shared/protocol/hashes.ts';
import { channelPublicKey, channelSecretKey } from '../shared/protocol/keys.ts';
import { addressOfScript, NETWORK_NAMES } from '../shared/protocol/network.ts';
import { change, chunkCount, type DatasetShape, price } from '../shared/protocol/price.ts';
import {
  continuationMessage,
  manifestMessage,
  requestMessage,
  type SignedRequest,
} from '../shared/protocol/request.ts';
import { fundingScript, payToWitnessScript } from '../shared/protocol/script.ts';
import type { Funding, Output } from '../shared/protocol/sighash.ts';
import { signDigest, signMessage } from '../shared/protocol/signature.ts';
import { channelIdOf, encodeTerms, type Terms } from '../shared/protocol/terms.ts';
import {
  buyerSpend,
  type SettlementMember,
  settlement,
  type Unsigned,
} from '../shared/protocol/transactions.ts';
import { manifestDocuments } from './manifest-vectors.ts';
import { refusedSignatures, refusedTerms } from './refused-vectors.ts';

const secretOf = (name: string) => sha256(utf8ToBytes(`spillway test vector: ${name}`));
const publicOf = (secret: Uint8Array) => getPublicKey(secret, true);
const hex = bytesToHex;

const seller = secretOf('seller');
const manifest = secretOf('manifest');
/** Two full chunks of 1 GiB and a last one of 300,000,001 bytes. */
const shape: DatasetShape = { totalSize: 2 * 2 ** 30 + 300_000_001, chunkSize: 2 ** 30 };
const payoutScript = hexToBytes(`0014${hex(secretOf('payout')).slice(0, 40)}`);

interface ChannelInput {
  readonly name: string;
  readonly about: string;
  readonly members: Pick<Terms, 'first' | 'count' | 'pricePerChunk' | 'credit' | 'capacity' | 'changeScript'>;
}

const INPUTS: readonly ChannelInput[] = [
  {
    name: 'exact',
    about:
      'all three chunks, the last one short; the capacity is the whole price, so the last commitment has no change',
    members: {
      first: 0,
      count: 3,
      pricePerChunk: 5_000n,
      credit: 1,
      capacity: 11_397n,
      changeScript: hexToBytes(`0014${hex(secretOf('change 1')).slice(0, 40)}`),
    },
  },
  {
    name: 'continuation',
    about: 'goes on with chunk 1 where "exact" stopped after one; P2TR change remains after both its chunks',
    members: {
      first: 1,
      count: 2,
      pricePerChunk: 5_001n,
      credit: 1,
      capacity: 20_000n,
      changeScript: hexToBytes(`5120${hex(publicOf(secretOf('change 2')).subarray(1))}`),
    },
  },
];

const channels = INPUTS.map(({ name, about, members }) => {
  const buyer = secretOf(`buyer of ${name}`);
  const terms: Terms = {
    network: 'regtest',
    buyerKey: publicOf(buyer),
    sellerKey: publicOf(seller),
    manifest: hex(manifest),
    refundHeight: 1_108,
    nonce: secretOf(`nonce of ${name}`).subarray(0, 16),
    ...members,
  };
  const bytes = encodeTerms(terms);
  const channelId = channelIdOf(bytes);
  const channelKey = channelPublicKey(terms.buyerKey, channelId);
  const secret = channelSecretKey(buyer, terms.buyerKey, channelId);
  const funding: Funding = {
    txid: hex(secretOf(`funding of ${name}`)),
    vout: members.first,
    capacity: terms.capacity,
    witnessScript: fundingScript(channelKey, terms.sellerKey),
  };
  return { name, about, buyer, terms, bytes, channelId, channelKey, secret, funding };
});
type Channel = (typeof channels)[number];

function channelVector(channel: Channel) {
  const { terms, funding } = channel;
  const script = payToWitnessScript(funding.witnessScript);
  const changes = Array.from({ length: terms.count + 1 }, (_, k) => ({
    k,
    price: price(terms, shape, k).toString(),
    change: change(terms, shape, k).toString(),
  }));
  return {
    name: channel.name,
    about: channel.about,
    buyerSecret: hex(channel.buyer),
    termsText: new TextDecoder().decode(channel.bytes),
    termsBytes: hex(channel.bytes),
    channelId: hex(channel.channelId),
    tweak: hex(taggedHash('spillway/key', terms.buyerKey, channel.channelId)),
    channelSecret: hex(channel.secret),
    channelKey: hex(channel.channelKey),
    witnessScript: hex(funding.witnessScript),
    scriptPubKey: hex(script),
    addresses: Object.fromEntries(
      NETWORK_NAMES.map((network) => [network, addressOfScript(script, network)]),
    ),
    schedule: changes,
    fundingOutpoint: { txid: funding.txid, vout: funding.vout },
    refund: buyerSpendVector(channel, terms.refundHeight, refundMessage(funding, terms.refundHeight)),
    commitments: changes.slice(1).map(({ k }) => commitmentVector(channel, k)),
    cancel: buyerSpendVector(channel, 0, cancelMessage(funding)),
  };
}

function commitmentVector(channel: Channel, k: number) {
  const left = change(channel.terms, shape, k);
  const message = commitmentMessage(channel.funding, channel.terms.changeScript, left);
  return {
    k,
    hashType: left > 0n ? 0x83 : 0x82,
    change: left.toString(),
    digest: hex(sha256(message)),
    buyerSignature: hex(signMessage(channel.secret, message)),
  };
}

/** A refund or a cancel to one output, with a fee of 300 satoshis. */
function buyerSpendVector({ terms, funding, secret }: Channel, locktime: number, message: Uint8Array) {
  const sellerSignature = signMessage(seller, message);
  const output: Output = { script: terms.changeScript, value: terms.capacity - 300n };
  const unsigned = buyerSpend(funding, locktime, [output], sellerSignature);
  return {
    locktime,
    digest: hex(sha256(message)),
    sellerSignature: hex(sellerSignature),
    outputs: [outputVector(output)],
    ...complete(unsigned, secret, 'buyer'),
  };
}

const outputVector = ({ script, value }: Output) => ({ script: hex(script), value: value.toString() });

/** The transaction with its own side's ALL signatures. */
function complete(unsigned: Unsigned, secret: Uint8Array, side: 'buyer' | 'seller') {
  const signatures = unsigned.digests.map((digest) => signDigest(secret, digest));
  const transaction: Transaction = unsigned.sign(signatures);
  return {
    [`${side}Digests`]: unsigned.digests.map(hex),
    [`${side}AllSignatures`]: signatures.map(hex),
    transaction: transaction.toHex(),
    txid: transaction.getId(),
    virtualSize: transaction.virtualSize(),
  };
}

function settlementVector(
  about: string,
  parts: readonly (readonly [name: string, k: number])[],
  fee: bigint,
) {
  let paid = 0n;
  const members = parts.map(([name, k]): SettlementMember => {
    const { terms, funding, secret } = named(name);
    const left = change(terms, shape, k);
    paid += terms.capacity - left;
    const message = commitmentMessage(funding, terms.changeScript, left);
    return {
      funding,
      changeScript: terms.changeScript,
      change: left,
      buyerSignature: signMessage(secret, message),
    };
  });
  const payout: Output = { script: payoutScript, value: paid - fee };
  return {
    about,
    members: parts.map(([channel, k]) => ({ channel, k })),
    payout: outputVector(payout),
    ...complete(settlement(members, payout), seller, 'seller'),
  };
}

function named(name: string): Channel {
  const channel = channels.find((candidate) => candidate.name === name);
  if (!channel) throw new Error(`no channel ${name}`);
  return channel;
}

function requestVector(about: string, request: SignedRequest) {
  const message = requestMessage(request);
  const { method, host, path, seconds, body } = request;
  return {
    about,
    method,
    host,
    path,
    seconds,
    body: hex(body),
    hash: hex(sha256(message)),
    signature: hex(signMessage(named('exact').secret, message)),
  };
}

const [exact, continuation] = [named('exact'), named('continuation')];
const id = hex(exact.channelId);
const seconds = 1_790_000_000;
const outpointBody = utf8ToBytes(
  JSON.stringify({ outpoint: { txid: exact.funding.txid, vout: exact.funding.vout } }),
);

const vectors = {
  about: 'Spillway protocol version 1; see docs/protocol.md. All bytes are hex, txids as nodes print them.',
  sellerSecret: hex(seller),
  dataset: { ...shape, chunks: chunkCount(shape) },
  channels: channels.map(channelVector),
  settlements: [
    settlementVector('one channel with change', [['exact', 2]], 200n),
    settlementVector('one channel without change', [['exact', 3]], 200n),
    settlementVector(
      'two channels with change',
      [
        ['exact', 1],
        ['continuation', 1],
      ],
      400n,
    ),
    settlementVector(
      'two channels, the first without change: its input comes last',
      [
        ['exact', 3],
        ['continuation', 2],
      ],
      400n,
    ),
  ],
  requests: [
    requestVector('opens the channel: the body is the terms', {
      method: 'POST',
      host: 'shop.example',
      path: '/channels',
      seconds,
      body: exact.bytes,
    }),
    requestVector('asks for the refund; the host has a port', {
      method: 'POST',
      host: '127.0.0.1:8080',
      path: `/channels/${id}/refund`,
      seconds,
      body: outpointBody,
    }),
    requestVector('no body', {
      method: 'GET',
      host: 'shop.example',
      path: `/channels/${id}`,
      seconds,
      body: new Uint8Array(0),
    }),
    requestVector('a path with a query is signed as sent', {
      method: 'GET',
      host: 'shop.example',
      path: `/channels/${id}?a=%2F&b=c+d`,
      seconds,
      body: new Uint8Array(0),
    }),
  ],
  continuation: {
    earlier: id,
    later: hex(continuation.channelId),
    hash: hex(sha256(continuationMessage(exact.channelId, continuation.channelId))),
    signature: hex(signMessage(exact.secret, continuationMessage(exact.channelId, continuation.channelId))),
  },
  manifest: {
    id: hex(manifest),
    hash: hex(sha256(manifestMessage(manifest))),
    signature: hex(signMessage(seller, manifestMessage(manifest))),
    documents: manifestDocuments,
  },
  refused: {
    terms: refusedTerms(new TextDecoder().decode(exact.bytes)),
    signatures: refusedSignatures(
      exact.secret,
      commitmentMessage(exact.funding, exact.terms.changeScript, 6_397n),
    ),
  },
};

writeFileSync('test/vectors/protocol.json', `${JSON.stringify(vectors, null, 2)}\n`);
