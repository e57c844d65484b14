import { bytesToHex } from '@noble/hashes/utils.js';
import { Transaction } from 'bitcoinjs-lib';
import type { Spend } from '../../shared/chain/chain.ts';
import type { CloseAnswer } from '../../shared/http/api.ts';
import { SETTLEMENT_VERSION } from '../../shared/protocol/commitment.ts';
import { type Buyer, type Purchase, sleep } from './buyer-context.ts';
import { type ChannelSecrets, channelSecrets } from './channel-secrets.ts';
import { checkCancelSignature, checkTermsReturned } from './checks.ts';
import type { PurchaseJournal } from './purchase-journal.ts';
import { type ChannelRecordState, type FundingState, sameOutpoint, sentFundings } from './purchase-state.ts';
import { sendReturn } from './returns.ts';
import type { WalletKeys } from './wallet-keys.ts';

export interface ChannelEnd {
  readonly by: 'settlement' | 'refund' | 'cancel';
  readonly txid: string;
  readonly height: number;
  /** Satoshis that came back. */
  readonly returned: bigint;
}

/** What closing needs; a refund has no more than this. */
export type Closing = Pick<Purchase, 'journal' | 'shop' | 'report'> & {
  readonly buyer: Pick<Buyer, 'chain'>;
  readonly wallet: { readonly keys: WalletKeys };
};

/** Has the shop settle what was paid, or take back at once a channel on which nothing was delivered. */
export async function closeChannel(closing: Closing, channel: ChannelRecordState): Promise<CloseAnswer> {
  const { shop, journal, report } = closing;
  const secrets = channelSecrets(channel, closing.wallet.keys);
  const answer = await shop.close(secrets);
  checkTermsReturned(channel.channelId, channel.termsText, answer);
  if (answer.state === 'CANCELLED') await cancel(closing, channel, secrets, answer);
  await journal.append({ v: 1, record: 'closed', channel: channel.channelId, state: answer.state });
  report({ kind: 'channel-closed', channelId: channel.channelId, state: answer.state });
  return answer;
}

async function cancel(
  { buyer, journal, report }: Closing,
  channel: ChannelRecordState,
  secrets: ChannelSecrets,
  { cancels }: CloseAnswer,
): Promise<void> {
  for (const { outpoint } of sentFundings(channel)) {
    const given = cancels.find((one) => sameOutpoint(one.outpoint, outpoint));
    if (!given || !(await buyer.chain.unspentOutput(outpoint))) continue;
    checkCancelSignature(secrets, outpoint, given.signature);
    await journal.append({
      v: 1,
      record: 'cancel-signed',
      channel: channel.channelId,
      outpoint,
      signature: given.signature,
    });
    const wanted = { kind: 'cancel', outpoint, sellerSignature: given.signature } as const;
    const { txid, returned } = await sendReturn(buyer, journal, secrets, wanted);
    report({ kind: 'returned', txid, satoshis: returned });
  }
}

/** Who has spent a channel's funding, once that is in a block. */
export async function findEnd(
  { chain }: Pick<Buyer, 'chain'>,
  keys: WalletKeys,
  channel: ChannelRecordState,
): Promise<ChannelEnd | undefined> {
  for (const funding of sentFundings(channel)) {
    const spend = await spendOfFunding(chain, keys, channel, funding);
    if (!spend?.confirmation) continue;
    const transaction = Transaction.fromHex(spend.raw);
    return {
      by: kindOfSpend(spend, channel.terms.refundHeight),
      txid: spend.txid,
      height: spend.confirmation.height,
      returned: paidTo(channel.terms.changeScript, transaction),
    };
  }
  return undefined;
}

/** What spends a funding, in a block or waiting for one. */
export function spendOfFunding(
  chain: Pick<Buyer['chain'], 'spend'>,
  keys: WalletKeys,
  channel: ChannelRecordState,
  funding: FundingState,
): Promise<Spend | undefined> {
  const { script } = channelSecrets(channel, keys);
  return chain.spend(funding.outpoint, script, searchFrom(channel, funding));
}

export async function noteEnd(journal: PurchaseJournal, channelId: string, end: ChannelEnd): Promise<void> {
  const { by, txid, height, returned } = end;
  const record = { v: 1, record: 'ended', channel: channelId, by, txid, height } as const;
  await journal.append({ ...record, returned: returned.toString() });
}

/** Waits until the channel's money has moved on the chain. */
export async function awaitEnd(purchase: Purchase, channel: ChannelRecordState): Promise<ChannelEnd> {
  for (;;) {
    const end = await findEnd(purchase.buyer, purchase.wallet.keys, channel);
    if (end) {
      await noteEnd(purchase.journal, channel.channelId, end);
      purchase.report({ kind: 'settled', txid: end.txid, height: end.height, returned: end.returned });
      return end;
    }
    await sleep(purchase.buyer);
  }
}

function searchFrom({ confirmed }: ChannelRecordState, funding: FundingState): number {
  return Math.min(confirmed?.height ?? Number.POSITIVE_INFINITY, funding.sentAt ?? 0);
}

/** The three differ in version and locktime (docs/protocol.md, section 3), and all are signed over them. */
export function kindOfSpend({ raw }: Pick<Spend, 'raw'>, refundHeight: number): ChannelEnd['by'] {
  const { version, locktime } = Transaction.fromHex(raw);
  if (version === SETTLEMENT_VERSION) return 'settlement';
  return locktime === refundHeight ? 'refund' : 'cancel';
}

function paidTo(script: Uint8Array, { outs }: Transaction): bigint {
  const wanted = bytesToHex(script);
  return outs
    .filter((output) => bytesToHex(output.script) === wanted)
    .reduce((sum, { value }) => sum + BigInt(value), 0n);
}
