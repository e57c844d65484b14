import { Transaction } from 'bitcoinjs-lib';
import { COINBASE_MATURITY } from '../limits.ts';
import { sha256 } from '../protocol/hashes.ts';
import {
  type BroadcastOutcome,
  ChainUnavailable,
  type Outpoint,
  type Spend,
  type Tip,
  type UnspentOutput,
  type WalletChain,
  type WalletOutput,
} from './chain.ts';
import {
  blockSchema,
  coinsSchema,
  hashTextSchema,
  rawTextSchema,
  refusalOutcome,
  spendingSchema,
  statusSchema,
} from './esplora-answers.ts';
import {
  type EsploraAnswer,
  type EsploraHttp,
  esploraHttp,
  isNotFound,
  parsed,
  parsedJson,
} from './esplora-http.ts';
import { feeRate, mempoolEntry, replacementRate } from './esplora-mempool.ts';
import { acceptanceOutcome, acceptanceSchema, packageOutcome, packageSchema } from './package-outcome.ts';

export interface EsploraOptions {
  /** Where the API's paths begin: `https://host/api`. */
  readonly url: string;
  readonly fetch?: typeof globalThis.fetch;
  readonly retries?: number;
  readonly wait?: (milliseconds: number) => Promise<void>;
  readonly random?: () => number;
  /** Satoshis per 1,000 vB to assume where the server has no estimate. */
  readonly fallbackFeeRate?: bigint;
}

const FALLBACK_FEE_RATE = 10_000n;
/** Scripts asked about at once: public servers count requests. */
const SCRIPTS_AT_ONCE = 4;

/**
 * The chain as one Esplora server sees it. Transactions are taken from their own bytes, which must hash to the txid asked
 * for, so that a server can lie about what is confirmed and spent but not about what an output holds.
 */
export function esploraChain(options: EsploraOptions): WalletChain {
  const http = esploraHttp({
    url: options.url.replace(/\/+$/, ''),
    fetch: options.fetch ?? globalThis.fetch,
    retries: options.retries ?? 2,
    wait: options.wait ?? ((milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds))),
    random: options.random ?? Math.random,
  });
  const fallback = options.fallbackFeeRate ?? FALLBACK_FEE_RATE;
  return {
    tip: () => tip(http),
    blockHash: async (height) => {
      const answer = await http.get(`/block-height/${height}`);
      return isNotFound(answer, 'Block not found') ? undefined : parsed(hashTextSchema, answer);
    },
    unspentOutput: (outpoint) => unspentOutput(http, outpoint),
    spend: (outpoint) => spend(http, outpoint),
    feeRate: (blocks) => feeRate(http, blocks, fallback),
    broadcast: (raw) => broadcast(http, raw),
    testAcceptance: async (raw) => {
      const answer = await http.post('/txs/test', JSON.stringify([raw]));
      return refusal(answer) ?? acceptanceOutcome(parsedJson(acceptanceSchema, answer));
    },
    broadcastPackage: async (raws) => {
      const answer = await http.post('/txs/package', JSON.stringify(raws));
      return refusal(answer) ?? packageOutcome(parsedJson(packageSchema, answer));
    },
    mempoolEntry: (txid) => mempoolEntry(http, txid),
    replacementRate: () => replacementRate(http),
    outputsPayingTo: (scripts) => outputsPayingTo(http, scripts),
  };
}

async function tip(http: EsploraHttp): Promise<Tip> {
  const hash = parsed(hashTextSchema, await http.get('/blocks/tip/hash'));
  const block = parsedJson(blockSchema, await http.get(`/block/${hash}`));
  if (block.id !== hash) throw new ChainUnavailable('Esplora answers with another block than was asked for');
  return { height: block.height, hash, time: block.timestamp };
}

async function unspentOutput(
  http: EsploraHttp,
  { txid, vout }: Outpoint,
): Promise<UnspentOutput | undefined> {
  const [transaction, status, spending] = await Promise.all([
    transactionOf(http, txid),
    http.get(`/tx/${txid}/status`),
    http.get(`/tx/${txid}/outspend/${vout}`),
  ]);
  const output = transaction?.outs[vout];
  if (!transaction || !output || parsedJson(spendingSchema, spending).spent) return undefined;
  const confirmation = parsedJson(statusSchema, status);
  if (confirmation && isUnspendable(output.script)) return undefined;
  return {
    value: output.value,
    script: output.script,
    coinbase: transaction.isCoinbase(),
    ...(confirmation && { confirmation }),
  };
}

const OP_RETURN = 0x6a;
const MAX_SCRIPT_BYTES = 10_000;

/** Nodes forget such outputs once they are in a block (Bitcoin Core, CScript::IsUnspendable). */
const isUnspendable = (script: Uint8Array): boolean =>
  script[0] === OP_RETURN || script.length > MAX_SCRIPT_BYTES;

async function spend(http: EsploraHttp, { txid, vout }: Outpoint): Promise<Spend | undefined> {
  const spending = parsedJson(spendingSchema, await http.get(`/tx/${txid}/outspend/${vout}`));
  if (!spending.spent) return undefined;
  const spender = await transactionOf(http, spending.txid);
  // It left the mempool since we asked.
  if (!spender) return undefined;
  const spends = spender.ins.some(({ hash, index }) => index === vout && reversedHex(hash) === txid);
  if (!spends)
    throw new ChainUnavailable('Esplora names a spending transaction that does not spend the output');
  const confirmation = spending.status;
  return { txid: spending.txid, raw: spender.toHex(), ...(confirmation && { confirmation }) };
}

async function transactionOf(http: EsploraHttp, txid: string): Promise<Transaction | undefined> {
  const answer = await http.get(`/tx/${txid}/hex`);
  if (isNotFound(answer, 'Transaction not found')) return undefined;
  const transaction = decoded(parsed(rawTextSchema, answer));
  if (transaction?.getId() === txid) return transaction;
  throw new ChainUnavailable('Esplora answers with bytes that are not the transaction asked for');
}

function decoded(raw: string): Transaction | undefined {
  try {
    return Transaction.fromHex(raw);
  } catch {
    return undefined;
  }
}

async function broadcast(http: EsploraHttp, raw: string): Promise<BroadcastOutcome> {
  const answer = await http.post('/tx', raw);
  const outcome = refusal(answer);
  if (outcome) return outcome;
  parsed(hashTextSchema, answer);
  return { kind: 'accepted' };
}

/** @returns undefined if the server did not refuse */
function refusal({ status, text }: EsploraAnswer): BroadcastOutcome | undefined {
  return status < 400 ? undefined : refusalOutcome(text);
}

async function outputsPayingTo(
  http: EsploraHttp,
  scripts: readonly Uint8Array[],
): Promise<readonly WalletOutput[]> {
  if (scripts.length === 0) return [];
  const { height } = await tip(http);
  const found: WalletOutput[] = [];
  for (let from = 0; from < scripts.length; from += SCRIPTS_AT_ONCE) {
    const group = scripts.slice(from, from + SCRIPTS_AT_ONCE);
    const coins = await Promise.all(group.map((script) => coinsOf(http, script, height)));
    found.push(...coins.flat());
  }
  return found;
}

async function coinsOf(http: EsploraHttp, script: Uint8Array, tipHeight: number): Promise<WalletOutput[]> {
  const scriptHash = toHex(sha256(script));
  const coins = parsedJson(coinsSchema, await http.get(`/scripthash/${scriptHash}/utxo`));
  const confirmed = coins.flatMap(({ status, ...coin }) =>
    status ? [{ ...coin, height: status.height }] : [],
  );
  const young = confirmed.filter(({ height }) => tipHeight + 1 - height < COINBASE_MATURITY);
  const immature = new Set<string>();
  for (const txid of new Set(young.map((coin) => coin.txid))) {
    const transaction = await transactionOf(http, txid);
    if (!transaction || transaction.isCoinbase()) immature.add(txid);
  }
  return confirmed
    .filter(({ txid }) => !immature.has(txid))
    .map(({ txid, vout, value, height }) => ({ outpoint: { txid, vout }, value, script, height }));
}

const toHex = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
const reversedHex = (bytes: Uint8Array): string => toHex(Uint8Array.from(bytes).reverse());
