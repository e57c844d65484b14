import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import { getPublicKey } from '@noble/secp256k1';
import type { Outpoint } from '../../shared/chain/chain.ts';
import { chunkSpan } from '../../shared/dataset/layout.ts';
import type { Manifest } from '../../shared/dataset/manifest.ts';
import { type JsonValue, Problem, type ProblemName } from '../../shared/errors.ts';
import { MAX_URLS_UNPAID } from '../../shared/limits.ts';
import { cancelMessage, commitmentMessage, refundMessage } from '../../shared/protocol/commitment.ts';
import { sha256 } from '../../shared/protocol/hashes.ts';
import { channelPublicKey } from '../../shared/protocol/keys.ts';
import { change, price } from '../../shared/protocol/price.ts';
import {
  CONTINUES_HEADER,
  continuationMessage,
  manifestMessage,
  requestMessage,
  SIGNATURE_HEADER,
  TIME_HEADER,
} from '../../shared/protocol/request.ts';
import { fundingScript } from '../../shared/protocol/script.ts';
import { signDigest, signMessage, verifyMessage } from '../../shared/protocol/signature.ts';
import { channelIdOf, parseTerms, type Terms } from '../../shared/protocol/terms.ts';
import { settlement } from '../../shared/protocol/transactions.ts';
import type { MemoryChain } from './memory-chain.ts';

export const FAKE_SELLER_SECRET = new Uint8Array(32).fill(7);
const SELLER_KEY = getPublicKey(FAKE_SELLER_SECRET, true);
const PAYOUT_SCRIPT = hexToBytes(`0014${'5e'.repeat(20)}`);

export interface FakeChannel {
  readonly id: string;
  readonly text: string;
  readonly terms: Terms;
  readonly continues: string | undefined;
  state: string;
  paid: number;
  delivered: number;
  signature: string;
  /** Links given to the chunk that is to be paid next. */
  unpaidLinks: number;
  outpoint: Outpoint | undefined;
}

/** Ways in which the shop can lie or fail, set by tests at any time. */
export interface Lies {
  /** Answers with these members of the terms changed. */
  terms?: Record<string, unknown>;
  refundSignature?: (signature: Uint8Array) => Uint8Array;
  /** Signs cancels with another key. */
  cancelSecret?: Uint8Array;
  /** Changes the bytes of a link's answer. */
  link?: (link: { chunk: number; size: number; url: string; expiresAt: number }) => object;
  paid?: (paid: number) => number;
  tip?: number;
  /** Flips a byte of these chunks' objects. */
  corrupt?: (chunk: number) => boolean;
  manifest?: (bytes: Uint8Array) => Uint8Array;
  /** Takes a request, does it, and breaks the connection instead of answering; counts down. */
  unanswered?: { path: RegExp; times: number };
  /** Refuses a request with a problem; counts down. */
  refuse?: { path: RegExp; problem: ProblemName; times: number; members?: Record<string, JsonValue> };
  /** Objects answer 403 that often. */
  expiredLinks?: number;
  /** Objects are redirected there. */
  redirect?: string;
  /** Objects ignore Range. */
  ignoreRange?: boolean;
  /** Waited for before a chunk's bytes are sent, told once they are, and waited for before a payment is answered. */
  beforeChunk?: (chunk: number) => Promise<void>;
  afterChunk?: (chunk: number) => void;
  beforePaymentsAnswer?: (k: number) => Promise<void>;
}

export interface FakeShopOptions {
  readonly chain: MemoryChain;
  readonly manifest: Manifest;
  readonly manifestBytes: Uint8Array;
  /** The dataset's bytes. */
  readonly data: Uint8Array;
  readonly pricePerChunk?: bigint;
  readonly policy?: Partial<typeof POLICY>;
}

const POLICY = {
  minimumLifetime: 40,
  defaultLifetime: 60,
  maximumLifetime: 100,
  minimumLifeAtFunding: 30,
  stopChunks: 20,
  stopPayments: 16,
  close: 12,
  minimumCapacity: '1000',
  maximumCapacity: '100000000',
  minimumFirstPrice: '1000',
  creditMinimumChunks: 3,
  commitmentLimit: 64,
};

export interface FakeShop {
  readonly url: string;
  readonly manifestId: string;
  readonly lies: Lies;
  pricePerChunk: bigint;
  readonly channels: Map<string, FakeChannel>;
  readonly calls: string[];
  /** Bytes served from the object store. */
  served: number;
  stop(): Promise<void>;
}

/** A shop in the test's process: speaks the protocol over real HTTP, checks what it is sent, and lies when told to. */
export async function startFakeShop(options: FakeShopOptions): Promise<FakeShop> {
  const { chain, manifest, manifestBytes, data } = options;
  const policy = { ...POLICY, ...options.policy };
  const manifestId = bytesToHex(sha256(manifestBytes));
  const channels = new Map<string, FakeChannel>();
  const lies: Lies = {};
  const objects = createServer((request, response) => {
    const path = request.url ?? '';
    if (lies.expiredLinks) {
      lies.expiredLinks -= 1;
      return void response.writeHead(403).end();
    }
    if (path === '/manifest') return void response.end(lies.manifest?.(manifestBytes) ?? manifestBytes);
    if (lies.redirect) return void response.writeHead(302, { location: lies.redirect }).end();
    const chunk = Number(path.slice('/chunks/'.length));
    const { start, length } = chunkSpan(manifest, chunk);
    const object = Buffer.from(data.subarray(start, start + length));
    if (lies.corrupt?.(chunk)) object[length - 1] = (object[length - 1] ?? 0) ^ 1;
    const range = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '');
    const [from, to] = lies.ignoreRange || !range ? [0, length - 1] : [Number(range[1]), Number(range[2])];
    const headers = {
      'content-length': to - from + 1,
      ...(!lies.ignoreRange && { 'content-range': `bytes ${from}-${to}/${length}` }),
    };
    void (lies.beforeChunk?.(chunk) ?? Promise.resolve()).then(() => {
      shop.served += to - from + 1;
      response.on('finish', () => lies.afterChunk?.(chunk));
      response.writeHead(lies.ignoreRange ? 200 : 206, headers).end(object.subarray(from, to + 1));
    });
  });
  const api = createServer((request, response) => {
    void (async () => {
      const body = await bodyOf(request);
      const path = request.url ?? '';
      shop.calls.push(`${request.method} ${path.replace(/[0-9a-f]{64}/, '*')}`);
      let status = 200;
      let answer: object;
      try {
        answer = answerTo(request, path, body);
      } catch (error) {
        const problem = error instanceof Problem ? error : new Problem('internal', String(error));
        status = problem.status;
        answer = problem.toJSON();
      }
      if (lies.unanswered && lies.unanswered.times > 0 && lies.unanswered.path.test(path)) {
        lies.unanswered.times -= 1;
        request.socket.destroy();
        return;
      }
      if (path.endsWith('/commitments')) {
        await lies.beforePaymentsAnswer?.(JSON.parse(new TextDecoder().decode(body)).k);
      }
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
    })();
  });
  const shop: FakeShop = {
    url: await listen(api),
    manifestId,
    lies,
    pricePerChunk: options.pricePerChunk ?? 5_000n,
    channels,
    calls: [],
    served: 0,
    async stop() {
      for (const server of [api, objects]) {
        server.closeAllConnections();
        await new Promise((resolve) => server.close(resolve));
      }
    },
  };
  const objectsUrl = await listen(objects);
  const offer = () => ({
    manifest: manifestId,
    name: manifest.name,
    description: '',
    licence: '',
    totalSize: manifest.totalSize,
    chunkSize: manifest.chunkSize,
    chunks: manifest.chunks.length,
    pricePerChunk: shop.pricePerChunk.toString(),
  });

  function answerTo(request: IncomingMessage, path: string, body: Uint8Array): object {
    const { refuse } = lies;
    if (refuse && refuse.times > 0 && refuse.path.test(path)) {
      refuse.times -= 1;
      throw new Problem(refuse.problem, 'as the test told', refuse.members);
    }
    if (path === '/shop') {
      const tip = { height: chain.height() + (lies.tip ?? 0), hash: '00'.repeat(32) };
      return { protocol: 'spillway/1', network: 'regtest', sellerKey: bytesToHex(SELLER_KEY), tip, policy };
    }
    if (path === '/datasets') return { datasets: [offer()] };
    if (path === `/datasets/${manifestId}`) {
      const signature = signMessage(FAKE_SELLER_SECRET, manifestMessage(hexToBytes(manifestId)));
      return { ...offer(), manifestUrl: `${objectsUrl}/manifest`, manifestSignature: bytesToHex(signature) };
    }
    if (path === '/channels') return openChannel(request, body);
    const [, id = '', action = '', number = ''] =
      /^\/channels\/([0-9a-f]{64})\/?(\w*)\/?(\d*)$/.exec(path) ?? [];
    const channel = channels.get(id);
    if (!channel) throw new Problem('not-found', path);
    if (action !== 'commitments') authenticate(request, path, body, channel);
    const sent = body.length > 0 ? JSON.parse(new TextDecoder().decode(body)) : {};
    switch (action) {
      case '':
        return view(channel);
      case 'refund': {
        const signature = signMessage(
          FAKE_SELLER_SECRET,
          refundMessage(fundingOf(channel, sent.outpoint), channel.terms.refundHeight),
        );
        return {
          channelId: id,
          outpoint: sent.outpoint,
          signature: bytesToHex(lies.refundSignature?.(signature) ?? signature),
        };
      }
      case 'funding':
        return confirmFunding(channel, sent.outpoint);
      case 'chunks':
        return issue(channel, Number(number));
      case 'commitments':
        return accept(channel, sent.k, sent.signature);
      default:
        return close(channel);
    }
  }

  function openChannel(request: IncomingMessage, body: Uint8Array): object {
    const terms = parseTerms(body);
    const id = bytesToHex(channelIdOf(body));
    const existing = channels.get(id);
    const header = request.headers[CONTINUES_HEADER];
    const channel: FakeChannel = existing ?? {
      id,
      text: new TextDecoder().decode(body),
      terms,
      continues: typeof header === 'string' ? header : undefined,
      state: 'PROPOSED',
      paid: 0,
      delivered: 0,
      signature: '',
      unpaidLinks: 0,
      outpoint: undefined,
    };
    authenticate(request, '/channels', body, channel);
    if (!existing) {
      if (terms.pricePerChunk !== shop.pricePerChunk) throw new Problem('terms-refused', 'not the price');
      if (terms.first > 0) checkContinuation(channel);
      channels.set(id, channel);
    }
    return view(channel);
  }

  function checkContinuation({ id, terms, continues }: FakeChannel): void {
    const [earlierId = '', signature = ''] = (continues ?? '').split(' ');
    const earlier = channels.get(earlierId);
    if (!earlier) {
      if (terms.credit === 1) throw new Problem('terms-refused', 'no credit without a proof');
      return;
    }
    const message = continuationMessage(hexToBytes(earlierId), hexToBytes(id));
    const valid = verifyMessage(keyOf(earlier), message, hexToBytes(signature));
    if (!valid || earlier.terms.first + earlier.paid !== terms.first) {
      throw new Problem('terms-refused', 'not a continuation');
    }
  }

  function authenticate(
    request: IncomingMessage,
    path: string,
    body: Uint8Array,
    channel: FakeChannel,
  ): void {
    const message = requestMessage({
      method: request.method ?? '',
      host: request.headers.host ?? '',
      path,
      seconds: Number(request.headers[TIME_HEADER]),
      body,
    });
    const signature = hexToBytes(String(request.headers[SIGNATURE_HEADER] ?? ''));
    if (!verifyMessage(keyOf(channel), message, signature)) throw new Problem('bad-request-signature', path);
  }

  function view(channel: FakeChannel) {
    const { terms, id, text, state, paid, delivered } = channel;
    const claimed = lies.paid?.(paid) ?? paid;
    return {
      channelId: id,
      state,
      terms: { ...JSON.parse(text), ...lies.terms },
      paid: claimed,
      delivered,
      paidSatoshis: price(terms, manifest, Math.min(claimed, terms.count)).toString(),
      stopChunksHeight: terms.refundHeight - policy.stopChunks,
      stopPaymentsHeight: terms.refundHeight - policy.stopPayments,
      closeHeight: terms.refundHeight - policy.close,
    };
  }

  function confirmFunding(channel: FakeChannel, outpoint: Outpoint): object {
    const paid = chain.paymentsTo(scriptOf(channel)).find(({ txid }) => txid === outpoint.txid);
    if (!paid) throw new Problem('funding-not-found', outpoint.txid);
    if (channel.state === 'PROPOSED') {
      const late = channel.terms.refundHeight - chain.height() < policy.minimumLifeAtFunding;
      channel.state = late ? 'REFUSED' : 'OPEN';
      channel.outpoint = outpoint;
    }
    return { ...view(channel), confirmations: 1, confirmationsRequired: 1 };
  }

  function issue(channel: FakeChannel, number: number): object {
    const { terms, paid } = channel;
    if (number >= paid && channel.state !== 'OPEN') throw new Problem('channel-not-open', channel.state);
    if (number >= Math.min(terms.count, paid + terms.credit))
      throw new Problem('payment-required', `${number}`);
    if (number >= paid && chain.height() >= terms.refundHeight - policy.stopChunks) {
      throw new Problem('too-late', 'too near to the refund height');
    }
    if (number >= paid) {
      if (channel.unpaidLinks >= MAX_URLS_UNPAID) throw new Problem('too-many-urls', `${number}`);
      channel.unpaidLinks += 1;
    }
    channel.delivered = Math.max(channel.delivered, number + 1);
    const chunk = terms.first + number;
    const link = {
      chunk: number,
      size: chunkSpan(manifest, chunk).length,
      url: `${objectsUrl}/chunks/${chunk}`,
      expiresAt: 4_000_000_000,
    };
    return lies.link?.(link) ?? link;
  }

  function accept(channel: FakeChannel, k: number, signature: string): object {
    const { terms, outpoint } = channel;
    if (channel.paid === k && channel.signature === signature) return { ...view(channel), next: null };
    if (channel.state !== 'OPEN' || !outpoint) throw new Problem('channel-not-open', channel.state);
    if (chain.height() >= terms.refundHeight - policy.stopPayments)
      throw new Problem('too-late', 'payments stopped');
    if (k <= channel.paid) throw new Problem('stale-commitment', `${k}`);
    if (k > terms.count) throw new Problem('commitment-out-of-range', `${k}`);
    const message = commitmentMessage(
      fundingOf(channel, outpoint),
      terms.changeScript,
      change(terms, manifest, k),
    );
    if (!verifyMessage(keyOf(channel), message, hexToBytes(signature))) {
      throw new Problem('bad-commitment-signature', `${k}`);
    }
    channel.paid = k;
    channel.signature = signature;
    channel.unpaidLinks = 0;
    let next: object | null = null;
    try {
      next = k < terms.count ? issue(channel, terms.credit === 1 ? k : k - 1) : null;
    } catch {
      next = null;
    }
    return { ...view(channel), next };
  }

  function close(channel: FakeChannel): object {
    const { outpoint, paid } = channel;
    if (outpoint && paid > 0 && channel.state === 'OPEN') {
      channel.state = 'CLOSING';
      chain.broadcast(settlementOf(channel, outpoint)).catch(() => undefined);
    } else if (paid === 0 && channel.delivered === 0) {
      channel.state = 'CANCELLED';
    } else if (paid === 0) {
      throw new Problem('unpaid-delivery', 'a chunk was delivered');
    }
    const cancels =
      channel.state === 'CANCELLED' && outpoint
        ? [
            {
              outpoint,
              signature: bytesToHex(
                signMessage(
                  lies.cancelSecret ?? FAKE_SELLER_SECRET,
                  cancelMessage(fundingOf(channel, outpoint)),
                ),
              ),
            },
          ]
        : [];
    return { ...view(channel), cancels };
  }

  function settlementOf(channel: FakeChannel, outpoint: Outpoint): string {
    const { terms, paid, signature } = channel;
    const member = {
      funding: fundingOf(channel, outpoint),
      changeScript: terms.changeScript,
      change: change(terms, manifest, paid),
      buyerSignature: hexToBytes(signature),
    };
    const unsigned = settlement([member], {
      script: PAYOUT_SCRIPT,
      value: price(terms, manifest, paid) - 500n,
    });
    return unsigned.sign(unsigned.digests.map((digest) => signDigest(FAKE_SELLER_SECRET, digest))).toHex();
  }

  return shop;
}

function keyOf({ terms, id }: FakeChannel): Uint8Array {
  return channelPublicKey(terms.buyerKey, hexToBytes(id));
}

function fundingOf(channel: FakeChannel, { txid, vout }: Outpoint) {
  const witnessScript = fundingScript(keyOf(channel), SELLER_KEY);
  return { txid, vout, capacity: channel.terms.capacity, witnessScript };
}

/** The funding output's script of a channel. */
export function scriptOf(channel: FakeChannel): Uint8Array {
  return Buffer.concat([Uint8Array.of(0, 32), sha256(fundingScript(keyOf(channel), SELLER_KEY))]);
}

async function bodyOf(request: IncomingMessage): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const part of request) parts.push(part as Uint8Array);
  return Buffer.concat(parts);
}

function listen(server: Server): Promise<string> {
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () =>
      resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}`),
    );
  });
}
