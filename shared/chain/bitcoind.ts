import { Block, type Transaction } from 'bitcoinjs-lib';
import { COINBASE_MATURITY, NODE_SCAN_TIMEOUT_MS, NODE_TIMEOUT_MS } from '../limits.ts';
import {
  chainInfoSchema,
  coinsSchema,
  estimateSchema,
  hashSchema,
  headerSchema,
  mempoolInfoSchema,
  outputSchema,
  rawSchema,
  relevantBlocksSchema,
  spendersSchema,
} from './bitcoind-answers.ts';
import {
  broadcast,
  broadcastPackage,
  mempoolEntry,
  replacementRate,
  testAcceptance,
} from './bitcoind-mempool.ts';
import { type NodeCall, NodeRefusal, nodeCaller } from './bitcoind-rpc.ts';
import {
  ChainUnavailable,
  type Outpoint,
  type Spend,
  type UnspentOutput,
  type WalletChain,
  type WalletOutput,
} from './chain.ts';
import { type InTurn, oneAtATime } from './one-at-a-time.ts';

export interface BitcoindOptions {
  /** `http://user:password@host:port` of a node with -txindex and -blockfilterindex. Never logged. */
  readonly url: string;
  readonly fetch?: typeof globalThis.fetch;
  /** Further tries after a failure of transport. */
  readonly retries?: number;
  /** Satoshis per 1,000 vB to assume where the node has seen too few blocks to estimate. */
  readonly fallbackFeeRate?: bigint;
}

/** 10 sat/vB: confirms within hours on most days, and on a test network costs nothing. */
const FALLBACK_FEE_RATE = 10_000n;
const MAX_ESTIMATE_BLOCKS = 1008;
/** Two blocks within one question are rare, three again and again mean that something is wrong. */
const MAX_TIP_CHANGES = 5;

const INVALID_PARAMETER = -8;
const INVALID_ADDRESS_OR_KEY = -5;

/** The chain as one Bitcoin Core node sees it. Every method throws `ChainUnavailable` if the node does not answer soundly. */
export function bitcoindChain(options: BitcoindOptions): WalletChain {
  // A node makes one scan at a time and refuses a second one.
  const inTurn = oneAtATime();
  const call = nodeCaller({
    url: options.url,
    fetch: options.fetch ?? globalThis.fetch,
    retries: options.retries ?? 2,
  });
  const fallback = options.fallbackFeeRate ?? FALLBACK_FEE_RATE;
  return {
    tip: () =>
      unrefused(async () => {
        const info = await call(chainInfoSchema, NODE_TIMEOUT_MS, 'getblockchaininfo');
        return { height: info.blocks, hash: info.bestblockhash, time: info.time };
      }),
    blockHash: (height) => unrefused(() => blockHash(call, height)),
    unspentOutput: (outpoint) => unrefused(() => atOneTip(call, () => unspentOutput(call, outpoint))),
    spend: (outpoint, script, fromHeight) =>
      unrefused(() => atOneTip(call, () => findSpend(call, inTurn, outpoint, script, fromHeight))),
    feeRate: (blocks) => unrefused(() => feeRate(call, blocks, fallback)),
    broadcast: (raw) => unrefused(() => broadcast(call, raw)),
    testAcceptance: (raw) => unrefused(() => testAcceptance(call, raw)),
    broadcastPackage: (raws) => unrefused(() => broadcastPackage(call, raws)),
    mempoolEntry: (txid) => unrefused(() => mempoolEntry(call, txid)),
    replacementRate: () => unrefused(() => replacementRate(call)),
    outputsPayingTo: (scripts) => unrefused(() => inTurn(() => outputsPayingTo(call, scripts))),
  };
}

/** A refusal that no method expects is a failure to learn what the chain says. */
async function unrefused<Answer>(ask: () => Promise<Answer>): Promise<Answer> {
  try {
    return await ask();
  } catch (error) {
    if (!(error instanceof NodeRefusal)) throw error;
    throw new ChainUnavailable(`bitcoind answers ${error.code}: ${error.message}`, { cause: error });
  }
}

/** Repeats a question of several calls until no block came between them, so that its parts fit together. */
async function atOneTip<Answer>(call: NodeCall, ask: () => Promise<Answer>): Promise<Answer> {
  let before = await bestBlockHash(call);
  for (let changes = 0; changes < MAX_TIP_CHANGES; changes += 1) {
    const answer = await ask().catch((error: unknown) => {
      if (error instanceof NodeRefusal) return error;
      throw error;
    });
    const after = await bestBlockHash(call);
    if (after === before) {
      if (answer instanceof NodeRefusal) throw answer;
      return answer;
    }
    before = after;
  }
  throw new ChainUnavailable('the tip of the chain keeps changing');
}

const bestBlockHash = (call: NodeCall): Promise<string> =>
  call(hashSchema, NODE_TIMEOUT_MS, 'getbestblockhash');

async function blockHash(call: NodeCall, height: number): Promise<string | undefined> {
  try {
    return await call(hashSchema, NODE_TIMEOUT_MS, 'getblockhash', height);
  } catch (error) {
    if (error instanceof NodeRefusal && error.code === INVALID_PARAMETER) return undefined;
    throw error;
  }
}

async function unspentOutput(call: NodeCall, { txid, vout }: Outpoint): Promise<UnspentOutput | undefined> {
  const output = await call(outputSchema, NODE_TIMEOUT_MS, 'gettxout', txid, vout, true);
  if (!output) return undefined;
  const found = { value: output.value, script: output.scriptPubKey.hex, coinbase: output.coinbase };
  if (output.confirmations === 0) return found;
  const tip = await call(headerSchema, NODE_TIMEOUT_MS, 'getblockheader', output.bestblock);
  const height = tip.height - output.confirmations + 1;
  const hash = await call(hashSchema, NODE_TIMEOUT_MS, 'getblockhash', height);
  return { ...found, confirmation: { height, blockHash: hash } };
}

async function findSpend(
  call: NodeCall,
  inTurn: InTurn,
  outpoint: Outpoint,
  script: Uint8Array,
  fromHeight: number,
): Promise<Spend | undefined> {
  const { txid, vout } = outpoint;
  const [spender] = await call(spendersSchema, NODE_TIMEOUT_MS, 'gettxspendingprevout', [{ txid, vout }]);
  if (spender?.spendingtxid !== undefined) {
    const raw = await waitingTransaction(call, spender.spendingtxid);
    if (raw !== undefined) return { txid: spender.spendingtxid, raw };
  }
  return inTurn(() => findMinedSpend(call, outpoint, script, fromHeight));
}

/** @returns undefined if it left the mempool since we asked */
async function waitingTransaction(call: NodeCall, txid: string): Promise<string | undefined> {
  try {
    return await call(rawSchema, NODE_TIMEOUT_MS, 'getrawtransaction', txid, false);
  } catch (error) {
    if (error instanceof NodeRefusal && error.code === INVALID_ADDRESS_OR_KEY) return undefined;
    throw error;
  }
}

async function findMinedSpend(
  call: NodeCall,
  outpoint: Outpoint,
  script: Uint8Array,
  fromHeight: number,
): Promise<Spend | undefined> {
  const tip = await call(chainInfoSchema, NODE_TIMEOUT_MS, 'getblockchaininfo');
  if (fromHeight > tip.blocks) return undefined;
  const descriptor = `raw(${toHex(script)})`;
  const range = [fromHeight, tip.blocks] as const;
  const scan = await call(
    relevantBlocksSchema,
    NODE_SCAN_TIMEOUT_MS,
    'scanblocks',
    'start',
    [descriptor],
    ...range,
  );
  if (!scan.completed) throw new ChainUnavailable('bitcoind gave up its search for a spending transaction');
  for (const hash of scan.relevant_blocks) {
    const block = parseBlock(await call(rawSchema, NODE_SCAN_TIMEOUT_MS, 'getblock', hash, 0));
    const spender = block.transactions?.find((tx) => spends(tx, outpoint));
    if (!spender) continue;
    const { height } = await call(headerSchema, NODE_TIMEOUT_MS, 'getblockheader', hash);
    return { txid: spender.getId(), raw: spender.toHex(), confirmation: { height, blockHash: hash } };
  }
  return undefined;
}

function parseBlock(raw: string): Block {
  try {
    return Block.fromHex(raw);
  } catch (error) {
    throw new ChainUnavailable('bitcoind answers with bytes that are no block', { cause: error });
  }
}

const spends = (tx: Transaction, { txid, vout }: Outpoint): boolean =>
  tx.ins.some((input) => input.index === vout && toHex(Uint8Array.from(input.hash).reverse()) === txid);

async function feeRate(call: NodeCall, blocks: number, fallback: bigint): Promise<bigint> {
  const target = Math.min(Math.max(Math.trunc(blocks), 1), MAX_ESTIMATE_BLOCKS);
  const [{ feerate = fallback }, { mempoolminfee, minrelaytxfee }] = await Promise.all([
    call(estimateSchema, NODE_TIMEOUT_MS, 'estimatesmartfee', target),
    call(mempoolInfoSchema, NODE_TIMEOUT_MS, 'getmempoolinfo'),
  ]);
  return [mempoolminfee, minrelaytxfee].reduce((most, floor) => (floor > most ? floor : most), feerate);
}

async function outputsPayingTo(call: NodeCall, scripts: readonly Uint8Array[]): Promise<WalletOutput[]> {
  if (scripts.length === 0) return [];
  const descriptors = scripts.map((script) => `raw(${toHex(script)})`);
  const { height, unspents } = await call(
    coinsSchema,
    NODE_SCAN_TIMEOUT_MS,
    'scantxoutset',
    'start',
    descriptors,
  );
  return unspents
    .filter((coin) => !coin.coinbase || height + 1 - coin.height >= COINBASE_MATURITY)
    .map((coin) => ({
      outpoint: { txid: coin.txid, vout: coin.vout },
      value: coin.amount,
      script: coin.scriptPubKey,
      height: coin.height,
    }));
}

const toHex = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
