import { createHash } from 'node:crypto';
import { bytesToHex, hexToBytes, utf8ToBytes } from '@noble/hashes/utils.js';
import { getPublicKey } from '@noble/secp256k1';
import { channelSecrets } from '../../client/buyer/channel-secrets.ts';
import { chunkRoot, manifestBytes } from '../../shared/dataset/manifest.ts';
import { requestMessage } from '../../shared/protocol/request.ts';
import { signMessage } from '../../shared/protocol/signature.ts';
import { parseTerms } from '../../shared/protocol/terms.ts';
import vectors from '../vectors/protocol.json';
import published from '../vectors/published.json';

/** Valid inputs of every parser, for the fuzzers to spoil. */

const [vector] = vectors.channels;
if (!vector) throw new Error('no channel among the vectors');
const terms = hexToBytes(vector.termsBytes);
const hash = 'ab'.repeat(32);
const signature = vector.commitments[0]?.buyerSignature ?? '';
const outpoint = vector.fundingOutpoint;
const raw = vector.refund.transaction;
const script = vector.scriptPubKey;
const json = (...values: readonly unknown[]) => values.map((value) => utf8ToBytes(JSON.stringify(value)));
const lines = (...values: readonly unknown[]) =>
  utf8ToBytes(values.map((value) => `${JSON.stringify(value)}\n`).join(''));

const segment = new Uint8Array(createHash('sha256').update('x').digest());
const chunkLink = {
  chunk: 0,
  size: 1_000,
  url: 'https://objects.example/datasets/0/chunks/0?versionId=1',
  expiresAt: 1_790_000_000,
};
const channelFields = {
  channelId: vector.channelId,
  state: 'OPEN',
  terms: JSON.parse(vector.termsText),
  paid: 1,
  delivered: 2,
  paidSatoshis: '5000',
  stopChunksHeight: 900,
  stopPaymentsHeight: 910,
  closeHeight: 920,
  funding: { outpoint, height: 500, blockHash: hash },
  spend: { txid: hash, height: 930 },
};
const status = { confirmed: true, block_height: 500, block_hash: hash };
const rpc = (...results: readonly unknown[]) =>
  results.map((result) => ({ result, error: null, id: 'spillway' }));
const record = (name: string, members: object) => ({ v: 1, record: name, ...members });
const ofChannel = { channel: vector.channelId };

const buyerSecret = hexToBytes(vector.buyerSecret);
const buyer = { secret: buyerSecret, publicKey: getPublicKey(buyerSecret), script: new Uint8Array(0) };
const keys = { external: () => buyer, internal: () => buyer, channel: () => buyer };

export const channel = channelSecrets(
  { channelId: vector.channelId, terms: parseTerms(terms), keyIndex: 0 },
  keys,
);

const request = {
  method: 'GET',
  host: 'shop.example',
  path: '/shop',
  seconds: 1_790_000_000,
  body: new Uint8Array(0),
};

export const seeds = {
  requestSignature: bytesToHex(signMessage(hexToBytes(vector.channelSecret), requestMessage(request))),
  terms,
  key: hexToBytes(vector.channelKey),
  signature: hexToBytes(signature),
  der: hexToBytes(published.bolt3.remoteSignature),
  script: hexToBytes(script),
  transaction: raw,
  outpointBody: utf8ToBytes(JSON.stringify({ outpoint })),
  commitmentBody: utf8ToBytes(JSON.stringify({ k: 1, signature })),
  chunkLink: utf8ToBytes(JSON.stringify(chunkLink)),
  manifest: manifestBytes({
    format: 'spillway-manifest/1',
    name: 'Wetter ☔',
    description: '',
    licence: 'CC0-1.0',
    files: [
      { path: 'a/ü.bin', size: 600 },
      { path: 'b', size: 400 },
    ],
    totalSize: 1_000,
    chunkSize: 1_000,
    segmentSize: 1_000,
    chunks: [{ root: bytesToHex(chunkRoot([segment])), segments: [bytesToHex(segment)] }],
  }),
  esplora: [
    ...['500', hash, raw, 'Transaction not found'].map(utf8ToBytes),
    utf8ToBytes('sendrawtransaction RPC error: {"code":-26,"message":"min relay fee not met"}'),
    ...json(
      { id: hash, height: 500, timestamp: 1_790_000_000 },
      { txid: hash, weight: 600, fee: 200, status },
      { spent: true, txid: hash, status },
      [{ spent: false }],
      [{ txid: hash, vout: 0, value: 5_000, status }],
      status,
      { '1': 20.5, '6': 10, '144': 1 },
      { vsize: 1_000, mempoolminfee: 0.00001, minrelaytxfee: 0.00001, incrementalrelayfee: 0.00001 },
    ),
  ],
  bitcoind: json(
    ...rpc(
      { blocks: 500, bestblockhash: hash, time: 1_790_000_000 },
      hash,
      raw,
      {
        bestblock: hash,
        confirmations: 1,
        value: 0.0001,
        scriptPubKey: { hex: script },
        coinbase: false,
        height: 500,
      },
      [{ spendingtxid: hash }],
      { relevant_blocks: [hash], completed: true },
      {
        success: true,
        height: 500,
        unspents: [
          { txid: hash, vout: 0, scriptPubKey: script, amount: 0.0001, height: 400, coinbase: false },
        ],
      },
      { feerate: 0.0001 },
      { mempoolminfee: 0.00001, minrelaytxfee: 0.00001, incrementalrelayfee: 0.00001 },
      { vsize: 150, descendantcount: 1, descendantsize: 150, fees: { base: 0.00001, descendant: 0.00001 } },
      [{ txid: hash, allowed: true }],
      { package_msg: 'success', 'tx-results': { [hash]: { txid: hash } } },
    ),
    { result: null, error: { code: -26, message: 'non-final' }, id: 'spillway' },
  ),
  shopAnswers: json(
    {
      ...channelFields,
      next: chunkLink,
      cancels: [{ outpoint, signature }],
      confirmations: 1,
      confirmationsRequired: 1,
    },
    { channelId: vector.channelId, outpoint, signature },
    chunkLink,
    {
      protocol: 'spillway/1',
      network: 'regtest',
      sellerKey: channelFields.terms.sellerKey,
      tip: { height: 500, hash },
      policy: {},
    },
    {
      datasets: [
        { manifest: hash, name: 'a', description: '', licence: '', totalSize: 1, chunkSize: 1, chunks: 1 },
      ],
    },
    { type: 'urn:spillway:problem:clock-skew', status: 401, title: 'Late', serverTime: 1_790_000_000 },
    { type: 'urn:spillway:problem:payment-required', status: 402, owed: 1 },
  ),
  purchaseJournals: [
    lines(
      record('planned', {
        shop: 'http://shop.example',
        network: 'regtest',
        sellerKey: channelFields.terms.sellerKey,
        manifest: hash,
        name: 'a',
        output: '/tmp/a',
        dataHost: 'objects.example',
        manifestSignature: signature,
      }),
      record('channel-planned', {
        ...ofChannel,
        terms: vector.termsText,
        keyIndex: 0,
        changeIndex: 0,
        stopChunksHeight: 900,
        stopPaymentsHeight: 910,
        minimumLifeAtFunding: 216,
      }),
      record('opened', ofChannel),
      record('funding-built', { ...ofChannel, raw, outpoint, fee: '200', inputs: [outpoint] }),
      record('refund-cosigned', { ...ofChannel, outpoint, signature }),
      record('funding-sent', { ...ofChannel, outpoint, height: 500 }),
      record('funding-confirmed', { ...ofChannel, outpoint, height: 501 }),
      record('link-given', {
        ...ofChannel,
        ...{ chunk: 0, size: 1, url: 'https://data.example/chunks/0?token', expiresAt: 1_790_000_000 },
      }),
      record('chunk-verified', { chunk: 0 }),
      record('commitment-signed', { ...ofChannel, k: 1, signature }),
      record('commitment-accepted', { ...ofChannel, k: 1 }),
    ),
  ],
  publishJournals: [
    lines(
      { spillwayPublish: 1, fingerprint: 'cd'.repeat(32), chunkSize: 1_000, folder: 'ef'.repeat(16) },
      { started: 0, upload: 'upload' },
      { stored: 0, versionId: '1', segments: [hash] },
    ),
  ],
};
