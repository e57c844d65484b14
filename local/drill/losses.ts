import { bytesToHex } from '@noble/hashes/utils.js';
import { Block, type Transaction } from 'bitcoinjs-lib';
import * as v from 'valibot';
import { priceOf } from '../../shared/channel/channel-facts.ts';
import { SETTLEMENT_VERSION } from '../../shared/protocol/commitment.ts';
import type { BuyerChannel } from './drill-buyer.ts';
import type { Stage } from './stage.ts';

/** What a drill cost beyond the on-chain fees that each side chose for itself. Satoshis. */
export interface Losses {
  readonly buyerLost: bigint;
  readonly sellerLost: bigint;
  /** Chunks that the buyer got and that the chain does not pay for. */
  readonly sellerLostChunks: number;
}

export const NO_LOSS: Losses = { buyerLost: 0n, sellerLost: 0n, sellerLostChunks: 0 };

/** Who spent a channel's funding in the best chain. */
export interface MinedSpend {
  readonly transaction: Transaction;
  readonly inputIndex: number;
  readonly height: number;
}

const CALL_TIMEOUT_MS = 60_000;

/** Reads the blocks from a height on; nothing is asked of the shop. By outpoint, `txid:vout`. */
export async function minedSpends(
  { call, height }: Pick<Stage, 'call' | 'height'>,
  fromHeight: number,
  buyers: readonly BuyerChannel[],
): Promise<ReadonlyMap<string, MinedSpend>> {
  const wanted = new Set(buyers.map(nameOf));
  const found = new Map<string, MinedSpend>();
  const tip = await height();
  for (let at = fromHeight; at <= tip; at++) {
    const hash = await call(v.string(), CALL_TIMEOUT_MS, 'getblockhash', at);
    const block = Block.fromHex(await call(v.string(), CALL_TIMEOUT_MS, 'getblock', hash, 0));
    for (const transaction of block.transactions ?? []) {
      transaction.ins.forEach((input, inputIndex) => {
        const name = `${bytesToHex(Uint8Array.from(input.hash).reverse())}:${input.index}`;
        if (wanted.has(name)) found.set(name, { transaction, inputIndex, height: at });
      });
    }
  }
  return found;
}

export function nameOf({ outpoint: { txid, vout } }: Pick<BuyerChannel, 'outpoint'>): string {
  return `${txid}:${vout}`;
}

/**
 * Adds up from the blocks. A funding that nobody has spent counts as lost by both, and so does an output of a settlement that is
 * neither the buyer's change nor the seller's payout.
 */
export async function lossesOf(
  stage: Pick<Stage, 'call' | 'height'>,
  fromHeight: number,
  payoutScript: Uint8Array,
  buyers: readonly BuyerChannel[],
): Promise<Losses> {
  const spends = await minedSpends(stage, fromHeight, buyers);
  for (const { transaction } of spends.values()) requireOwnOutputs(transaction, payoutScript, buyers);
  return buyers.map((buyer) => lossOf(buyer, spends.get(nameOf(buyer)))).reduce(add, NO_LOSS);
}

function lossOf(buyer: BuyerChannel, spend: MinedSpend | undefined): Losses {
  const { channel, terms, received, paid } = buyer;
  const chunksUnpaidAt = (taken: bigint): number => {
    let covered = 0;
    while (covered < received && priceOf(channel, covered + 1) <= taken) covered += 1;
    return received - covered;
  };
  if (!spend)
    return {
      buyerLost: terms.capacity,
      sellerLost: priceOf(channel, paid),
      sellerLostChunks: chunksUnpaidAt(0n),
    };
  // What is not the buyer's change is the seller's: it chose how much of it went to the miners.
  const taken = takenBySeller(buyer, spend);
  return {
    buyerLost: positive(taken - priceOf(channel, received)),
    sellerLost: positive(priceOf(channel, paid) - taken),
    sellerLostChunks: chunksUnpaidAt(taken),
  };
}

function takenBySeller({ terms }: BuyerChannel, { transaction, inputIndex }: MinedSpend): bigint {
  if (transaction.version !== SETTLEMENT_VERSION) return 0n;
  const output = transaction.outs[inputIndex];
  const isChange = output && bytesToHex(output.script) === bytesToHex(terms.changeScript);
  return terms.capacity - (isChange ? BigInt(output.value) : 0n);
}

function requireOwnOutputs(
  transaction: Transaction,
  payoutScript: Uint8Array,
  buyers: readonly BuyerChannel[],
): void {
  const own = new Set([payoutScript, ...buyers.map(({ terms }) => terms.changeScript)].map(bytesToHex));
  const strange = transaction.outs.find(({ script }) => !own.has(bytesToHex(script)));
  if (strange) throw new Error(`${transaction.getId()} pays ${strange.value} satoshis to somebody else`);
}

function add(one: Losses, other: Losses): Losses {
  return {
    buyerLost: one.buyerLost + other.buyerLost,
    sellerLost: one.sellerLost + other.sellerLost,
    sellerLostChunks: one.sellerLostChunks + other.sellerLostChunks,
  };
}

function positive(amount: bigint): bigint {
  return amount > 0n ? amount : 0n;
}
