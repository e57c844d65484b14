import { hexToBytes } from '@noble/hashes/utils.js';
import type { Transaction } from 'bitcoinjs-lib';
import type { Outpoint } from '../../shared/chain/chain.ts';
import { DUST_LIMIT, outputKind } from '../../shared/protocol/script.ts';
import { signDigest } from '../../shared/protocol/signature.ts';
import { buyerSpend } from '../../shared/protocol/transactions.ts';
import type { Buyer } from './buyer-context.ts';
import { type ChannelSecrets, fundingOf } from './channel-secrets.ts';
import { BuyerError } from './errors.ts';
import type { PurchaseJournal } from './purchase-journal.ts';

/** A way for the money of a channel to come back whole: the refund from its height on, a cancel at once. */
export interface Return {
  readonly kind: 'refund' | 'cancel';
  readonly outpoint: Outpoint;
  /** B's, 64 bytes, hex. */
  readonly sellerSignature: string;
}

/** Blocks within which money that comes back should confirm. */
export const RETURN_TARGET_BLOCKS = 6;

export interface BuiltReturn {
  readonly raw: string;
  readonly txid: string;
  /** Satoshis that arrive. */
  readonly returned: bigint;
  readonly fee: bigint;
}

/**
 * Builds the transaction that takes the whole capacity back to the channel's change script.
 * @param feeRate satoshis per 1,000 vB
 * @throws BuyerError funding-failed where the fee leaves no more than dust
 */
export function buildReturn(
  channel: ChannelSecrets,
  { kind, outpoint, sellerSignature }: Return,
  feeRate: bigint,
): BuiltReturn {
  const { capacity, changeScript, refundHeight } = channel.terms;
  const spend = (value: bigint): Transaction => {
    const locktime = kind === 'refund' ? refundHeight : 0;
    const outputs = [{ script: changeScript, value }];
    const unsigned = buyerSpend(fundingOf(channel, outpoint), locktime, outputs, hexToBytes(sellerSignature));
    return unsigned.sign(unsigned.digests.map((digest) => signDigest(channel.secret, digest)));
  };
  // Signatures of one key differ by a byte at most from one digest to the next: one vB covers that.
  const size = BigInt(spend(capacity).virtualSize() + 1);
  const fee = (size * feeRate + 999n) / 1_000n;
  const returned = capacity - fee;
  if (returned < DUST_LIMIT[outputKind(changeScript) ?? 'P2WSH']) {
    throw new BuyerError(
      'funding-failed',
      `A fee of ${fee} sat would eat the ${capacity} sat that come back.`,
      {
        next: 'Wait for lower fees and run the command again.',
      },
    );
  }
  const transaction = spend(returned);
  return { raw: transaction.toHex(), txid: transaction.getId(), returned, fee };
}

/**
 * Builds it, notes it, sends it.
 * @param feeRate satoshis per 1,000 vB; today's where none is given
 * @throws BuyerError funding-failed where the node does not take it, or nothing would come back
 */
export async function sendReturn(
  { chain }: Pick<Buyer, 'chain'>,
  journal: PurchaseJournal,
  channel: ChannelSecrets,
  wanted: Return,
  feeRate?: bigint,
): Promise<BuiltReturn> {
  const rate = feeRate ?? (await chain.feeRate(RETURN_TARGET_BLOCKS));
  const built = buildReturn(channel, wanted, rate);
  await journal.append({
    v: 1,
    record: 'return-sent',
    channel: channel.channelId,
    kind: wanted.kind,
    txid: built.txid,
    raw: built.raw,
  });
  const outcome = await chain.broadcast(built.raw);
  if (outcome.kind === 'accepted' || outcome.kind === 'already-known') return built;
  throw new BuyerError(
    'funding-failed',
    `The node does not take the ${wanted.kind}: ${outcome.kind}, ${outcome.detail}.`,
    {
      next: 'Run `spillway refund` again later.',
      evidence: { txid: built.txid },
    },
  );
}
