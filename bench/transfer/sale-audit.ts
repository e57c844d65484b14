import { bytesToHex } from '@noble/hashes/utils.js';
import * as v from 'valibot';
import { accountsOf } from '../../local/demo/accounts.ts';
import { readLedger } from '../../local/demo/ledger.ts';
import { startTimer } from '../../local/timer.ts';
import { scriptOfAddress } from '../../shared/protocol/network.ts';
import { type Buying, buyArguments } from './buyer.ts';
import { signedCommitments } from './killed-purchase.ts';
import { measure } from './measure.ts';
import { PRICE_PER_CHUNK } from './stage.ts';

/** Milliseconds between two blocks while a settlement is waited for. */
const BLOCK_EVERY = 300;

const resultSchema = v.object({
  channels: v.tuple([
    v.object({
      fundingTxid: v.string(),
      changeScript: v.string(),
      paid: v.pipe(
        v.string(),
        v.transform((text) => BigInt(text)),
      ),
      chunksPaid: v.number(),
    }),
  ]),
});

/**
 * Settles a purchase that is complete and adds it up: from the buyer's journal, from what its command says, and from the
 * blocks alone, which must hold nothing but this sale.
 * @throws Error where anything was paid twice, or a satoshi is missing
 */
export async function auditSale(
  buying: Buying,
  chunks: number,
  deposits: number,
): Promise<{ readonly paidSats: string; readonly sellerReceivedSats: string }> {
  const mining = startTimer(BLOCK_EVERY, () => buying.shop.faucet.mine(1));
  const { stdout } = await measure({
    program: process.execPath,
    args: [...buyArguments(buying), '--wait'],
  }).finally(() => mining.stop());
  const [channel] = v.parse(resultSchema, JSON.parse(stdout)).channels;
  const signed = await signedCommitments(buying.home);
  const grows = signed.every((k, index) => k > (signed[index - 1] ?? 0));
  if (!grows || signed.at(-1) !== chunks) throw new Error(`commitments were signed for ${signed.join()}`);
  if (channel.chunksPaid !== chunks || channel.paid > BigInt(chunks) * PRICE_PER_CHUNK)
    throw new Error(`${channel.paid} sat were paid for ${channel.chunksPaid} of ${chunks} chunks`);
  const payout = bytesToHex(scriptOfAddress(buying.shop.payoutAddress, 'regtest'));
  const accounts = accountsOf(
    await readLedger(buying.shop.chainUrl),
    { ...channel, resumed: true },
    payout,
    deposits,
  );
  return { paidSats: `${channel.paid}`, sellerReceivedSats: `${accounts.sellerReceived}` };
}
