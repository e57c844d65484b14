import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import * as v from 'valibot';
import { type NodeCall, NodeRefusal, nodeCaller } from '../../shared/chain/bitcoind-rpc.ts';
import { NODE_TIMEOUT_MS } from '../../shared/limits.ts';
import { type LocalServer, listenOnLoopback } from '../listen.ts';
import { type EsploraIndex, esploraIndex, type IndexedTransaction } from './esplora-index.ts';
import {
  coinView,
  type Json,
  mempoolView,
  spendingView,
  statusView,
  transactionView,
} from './esplora-views.ts';

interface Reply {
  readonly status: number;
  readonly body: string;
  readonly type: 'text/plain' | 'application/json';
}

interface Question {
  readonly index: EsploraIndex;
  readonly call: NodeCall;
  readonly body: string;
}

type Route = readonly [method: 'GET' | 'POST', path: RegExp, answer: Answer];
type Answer = (question: Question, first: string, second: string) => Reply | Promise<Reply>;

/** An answer that is an error, in electrs's words. */
class HttpError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

const MAX_BODY_BYTES = 1_000_000;
const MAX_PACKAGE = 25;
/** electrs asks for each target up to 25, and for three long ones. */
const TARGETS = [...Array.from({ length: 25 }, (_, index) => index + 1), 144, 504, 1008];
const NODE_WARMS_UP = -28;

/**
 * Esplora's REST API over any regtest chain that speaks Core's JSON-RPC: the routes, fields, status codes and texts of
 * electrs (src/rest.rs of Blockstream and of mempool.space), for the shop's second chain source where there is no indexer.
 * @param nodeUrl the node, credentials included
 */
export async function startEsploraFacade(nodeUrl: string, port = 0): Promise<LocalServer> {
  const call = nodeCaller({ url: nodeUrl, fetch: globalThis.fetch, retries: 2 });
  const index = esploraIndex(call);
  const server = createServer((request, response) => {
    answer(request, { index, call }).then(
      (reply) => send(response, reply),
      () => response.destroy(),
    );
  });
  return listenOnLoopback(server, port);
}

async function answer(request: IncomingMessage, known: Omit<Question, 'body'>): Promise<Reply> {
  const path = new URL(request.url ?? '/', 'http://localhost').pathname;
  try {
    const body = await readBody(request);
    for (const [method, pattern, route] of ROUTES) {
      const match = request.method === method ? pattern.exec(path) : null;
      if (!match) continue;
      await known.index.refresh();
      return await route({ ...known, body }, match[1] ?? '', match[2] ?? '');
    }
    throw new HttpError(404, `endpoint does not exist ${JSON.stringify(path)}`);
  } catch (error) {
    if (error instanceof HttpError) return text(error.message, error.status);
    // The node does not answer, or warms up: a failure of the server, and no statement about the chain.
    return text(error instanceof Error ? error.message : String(error), 503);
  }
}

const ROUTES: readonly Route[] = [
  ['GET', /^\/blocks\/tip\/hash$/, ({ index }) => text(index.tip().hash)],
  ['GET', /^\/blocks\/tip\/height$/, ({ index }) => text(String(index.tip().height))],
  [
    'GET',
    /^\/block-height\/([^/]+)$/,
    ({ index }, height) => text(found(index.blockAt(number(height)), 'Block not found').hash),
  ],
  ['GET', /^\/block\/([^/]+)$/, async (question, id) => json(await blockView(question, hash(id)))],
  ['GET', /^\/tx\/([^/]+)$/, ({ index }, id) => json(transactionView(index, transaction(index, id)))],
  ['GET', /^\/tx\/([^/]+)\/hex$/, ({ index }, id) => text(transaction(index, id).record.raw)],
  ['GET', /^\/tx\/([^/]+)\/status$/, ({ index }, id) => json(statusView(index.transaction(hash(id))?.block))],
  [
    'GET',
    /^\/tx\/([^/]+)\/outspend\/([^/]+)$/,
    ({ index }, id, vout) => json(spendingView(index, index.spender(hash(id), number(vout)))),
  ],
  [
    'GET',
    /^\/tx\/([^/]+)\/outspends$/,
    ({ index }, id) => {
      const { tx, txid } = transaction(index, id).record;
      return json(tx.outs.map((_, vout) => spendingView(index, index.spender(txid, vout))));
    },
  ],
  [
    'GET',
    /^\/scripthash\/([^/]+)\/utxo$/,
    ({ index }, scriptHash) => {
      if (!isHash(scriptHash)) throw new HttpError(400, 'Invalid scripthash');
      return json(index.unspentBy(scriptHash).map((coin) => coinView(index, coin)));
    },
  ],
  ['GET', /^\/mempool$/, ({ index }) => json(mempoolView(index))],
  ['GET', /^\/mempool\/txids$/, ({ index }) => json(index.waiting().map(({ txid }) => txid))],
  ['GET', /^\/fee-estimates$/, async ({ call }) => json(await estimates(call))],
  [
    'POST',
    /^\/tx$/,
    async ({ call, body }) => text(String(await passOn(call, 'sendrawtransaction', body.trim()))),
  ],
  [
    'POST',
    /^\/txs\/test$/,
    async ({ call, body }) => json(await passOn(call, 'testmempoolaccept', transactions(body))),
  ],
  [
    'POST',
    /^\/txs\/package$/,
    async ({ call, body }) => json(await passOn(call, 'submitpackage', transactions(body))),
  ],
];

const blockSchema = v.object({
  versionHex: v.string(),
  bits: v.string(),
  ...v.entriesFromList(
    ['height', 'version', 'time', 'mediantime', 'nonce', 'difficulty', 'size', 'weight', 'nTx'],
    v.number(),
  ),
  merkleroot: v.string(),
  previousblockhash: v.optional(v.string()),
});

async function blockView({ index, call }: Question, id: string): Promise<Json> {
  // Stale blocks are not in its index.
  found(index.blockOf(id), 'Block not found');
  const block = await call(blockSchema, NODE_TIMEOUT_MS, 'getblock', id, 1);
  return {
    id,
    height: block.height,
    version: block.version,
    timestamp: block.time,
    tx_count: block.nTx,
    size: block.size,
    weight: block.weight,
    merkle_root: block.merkleroot,
    previousblockhash: block.previousblockhash ?? null,
    mediantime: block.mediantime,
    nonce: block.nonce,
    bits: Number.parseInt(block.bits, 16),
    difficulty: block.difficulty,
  };
}

async function estimates(call: NodeCall): Promise<Readonly<Record<string, number>>> {
  const schema = v.object({ feerate: v.optional(v.number()) });
  const rates = await Promise.all(
    TARGETS.map((target) => call(schema, NODE_TIMEOUT_MS, 'estimatesmartfee', target)),
  );
  // Targets without an estimate are left out: all of them on a young chain.
  const known = TARGETS.flatMap((target, position) => {
    const rate = rates[position]?.feerate;
    return rate === undefined ? [] : [[String(target), rate * 100_000] as const];
  });
  return Object.fromEntries(known);
}

async function passOn(call: NodeCall, method: string, argument: unknown): Promise<unknown> {
  try {
    return await call(v.unknown(), NODE_TIMEOUT_MS, method, argument);
  } catch (error) {
    if (!(error instanceof NodeRefusal) || error.code === NODE_WARMS_UP) throw error;
    const described = JSON.stringify({ code: error.code, message: error.message });
    throw new HttpError(400, `${method} RPC error: ${described}`);
  }
}

/** electrs's own checks, before the node sees anything. */
function transactions(body: string): readonly string[] {
  const list = v.safeParse(v.pipe(v.string(), v.parseJson(), v.array(v.string())), body);
  if (!list.success) throw new HttpError(400, 'invalid type: expected a sequence');
  if (list.output.length > MAX_PACKAGE) throw new HttpError(400, 'Exceeded maximum of 25 transactions');
  for (const [item, raw] of list.output.entries()) {
    if (raw.length < 120 || raw.length >= 800_000) {
      throw new HttpError(400, `Invalid transaction size for item ${item}`);
    }
    if (raw.length % 2 !== 0 || !/^[0-9a-fA-F]*$/.test(raw)) {
      throw new HttpError(400, `Invalid transaction hex for item ${item}`);
    }
  }
  return list.output;
}

const transaction = (index: EsploraIndex, id: string): IndexedTransaction =>
  found(index.transaction(hash(id)), 'Transaction not found');

function found<Thing>(thing: Thing | undefined, otherwise: string): Thing {
  if (thing === undefined) throw new HttpError(404, otherwise);
  return thing;
}

const isHash = (value: string): boolean => /^[0-9a-fA-F]{64}$/.test(value);

function hash(value: string): string {
  if (!isHash(value)) throw new HttpError(400, 'Invalid hex string');
  return value.toLowerCase();
}

function number(value: string): number {
  if (!/^[0-9]{1,9}$/.test(value)) throw new HttpError(400, 'Invalid number');
  return Number(value);
}

const text = (body: string, status = 200): Reply => ({ status, body, type: 'text/plain' });
const json = (value: unknown): Reply => ({
  status: 200,
  body: JSON.stringify(value),
  type: 'application/json',
});

function send(response: ServerResponse, { status, body, type }: Reply): void {
  response.writeHead(status, {
    'content-type': type,
    'cache-control': 'public, max-age=10',
    'access-control-allow-origin': '*',
  });
  response.end(body);
}

async function readBody(request: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of request) {
    size += piece.length;
    if (size > MAX_BODY_BYTES) throw new HttpError(413, 'request too large');
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString('utf8');
}
