import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import type { Output } from '../../shared/protocol/sighash.ts';
import type { Purchase } from './buyer-context.ts';
import { BuyerError } from './errors.ts';
import type { ExternalWallet } from './external-wallet.ts';
import { type FundingDraft, inputsOf, readDraft, readSigned } from './psbt-funding.ts';
import { type ChannelRecordState, channelIn, type FundingState, sentFundings } from './purchase-state.ts';

/**
 * Has the other wallet make a transaction, unsigned, and notes it. Its refund is signed next; only then is it handed out to be
 * signed, and from that moment on it may be on the chain.
 */
export async function draftFunding(
  { externalWallet, journal }: Purchase,
  { channelId, fundings }: ChannelRecordState,
  wanted: Output,
): Promise<void> {
  if (!externalWallet) throw new Error('there is no other wallet');
  if (fundings.length > 0) {
    throw new BuyerError('funding-failed', 'No node takes the funding that the other wallet signed.', {
      money: 'It binds nothing while it is in no block, and its refund is signed.',
      next: 'Run the command again later, when fees are lower. Do not raise its fee there: the refund is for this transaction alone.',
    });
  }
  const psbt = await externalWallet.draft(wanted);
  const { outpoint, fee, inputs } = await acceptable(externalWallet, psbt, wanted);
  await journal.append({
    v: 1,
    record: 'funding-drafted',
    channel: channelId,
    psbt: bytesToHex(psbt),
    outpoint,
    fee: fee.toString(),
    inputs: [...inputs],
  });
}

/** Coins that were taken for a draft which will not do are given back. */
async function acceptable(
  externalWallet: ExternalWallet,
  psbt: Uint8Array,
  wanted: Output,
): Promise<FundingDraft> {
  try {
    return readDraft(psbt, wanted);
  } catch (error) {
    await externalWallet.release(inputsOf(psbt));
    throw error;
  }
}

/** The transaction that was last told to be signed, so that it is told once. */
const told = new WeakMap<Purchase, string>();

/** The transaction that came back signed; undefined while it is waited for. */
export async function signedElsewhere(
  purchase: Purchase,
  channelId: string,
  funding: FundingState,
): Promise<string | undefined> {
  const { externalWallet, journal, report } = purchase;
  const { outpoint, fee, psbt, refundSignature, sentAt } = funding;
  if (psbt === undefined || refundSignature === undefined || sentAt === undefined) {
    throw new Error('nothing is handed out to be signed before its refund is');
  }
  if (!externalWallet) {
    throw new BuyerError('usage', 'Another wallet was to sign the funding of this channel.', {
      money: 'Nothing is bound until it is signed; then the refund is there.',
      next: 'Run the command again with the same --fund.',
    });
  }
  if (told.get(purchase) !== outpoint.txid) {
    told.set(purchase, outpoint.txid);
    const { instruction } = externalWallet;
    report({ kind: 'funding-to-sign', txid: outpoint.txid, fee, instruction });
  }
  const signed = await externalWallet.signed(hexToBytes(psbt));
  if (!signed) return undefined;
  const raw = readSigned(signed, { outpoint });
  await journal.append({ v: 1, record: 'funding-signed', channel: channelId, outpoint, raw });
  report({ kind: 'funding-sent', txid: outpoint.txid, fee });
  return raw;
}

/**
 * A funding of another wallet that came into no block while the channel could still be opened: the channel is over. Should it
 * be signed and sent after all, its money comes back by the refund, which is looked for in channels that are over, too.
 * @throws BuyerError channel-expired
 */
export async function giveUpUnfunded(
  { buyer, journal, externalWallet }: Purchase,
  channelId: string,
  script: Uint8Array,
): Promise<void> {
  const channel = channelIn(journal.state(), channelId);
  const [funding] = sentFundings(channel);
  if (funding?.psbt === undefined || channel.confirmed) return;
  const { height } = await buyer.chain.tip();
  if (channel.terms.refundHeight - height > channel.minimumLifeAtFunding) return;
  if (await buyer.chain.unspentOutput(funding.outpoint)) return;
  if (await buyer.chain.spend(funding.outpoint, script, funding.sentAt ?? 0)) return;
  const reason = 'its funding came into no block in time';
  await journal.append({ v: 1, record: 'abandoned', channel: channelId, reason });
  await externalWallet?.release(funding.inputs);
  throw new BuyerError(
    'channel-expired',
    'The funding came into no block while the channel could be opened.',
    {
      money: 'Nothing is bound. Do not sign or send it any more; if you do, `spillway refund` takes it back.',
      next: 'Run the same command again: it makes new terms and a new transaction.',
    },
  );
}
