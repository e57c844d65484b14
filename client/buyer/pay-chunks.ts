import { bytesToHex } from '@noble/hashes/utils.js';
import type { ChannelAnswer, ChannelState } from '../../shared/http/api.ts';
import { commitmentMessage } from '../../shared/protocol/commitment.ts';
import { change } from '../../shared/protocol/price.ts';
import { signMessage } from '../../shared/protocol/signature.ts';
import type { Purchase } from './buyer-context.ts';
import { type ChannelSecrets, channelSecrets, fundingOf } from './channel-secrets.ts';
import { checkCommitment, checkPaidClaim, checkPaymentTaken, checkTermsReturned } from './checks.ts';
import { keepLink } from './chunk-links.ts';
import { isProblem } from './errors.ts';
import { channelOf } from './fund-channel.ts';
import { paidSatoshis } from './open-channel.ts';

/** True for refusals that mean: this channel sells nothing any more. */
export function isOverFor(error: unknown): boolean {
  return isProblem(error, 'too-late', 'channel-ended', 'channel-not-open');
}

/** Asks the shop what it has, and sends again the last payment if that never arrived. */
export async function synchronise(purchase: Purchase, channelId: string): Promise<ChannelState> {
  const { journal, shop, wallet } = purchase;
  const channel = channelOf(purchase, channelId);
  const secrets = channelSecrets(channel, wallet.keys);
  const answer = await shop.channel(secrets);
  await noteAnswer(purchase, channelId, answer);
  const { signed } = channelOf({ journal }, channelId);
  if (signed && answer.paid < signed.k && answer.state === 'OPEN') {
    await send(purchase, secrets, signed.k, signed.signature).catch((error: unknown) => {
      if (!isOverFor(error)) throw error;
    });
  }
  return answer.state;
}

/**
 * Signs commitment k, or takes the signature there is, and sends it.
 * @param prefix chunks of the channel that are here and checked, without a gap
 */
export async function pay(
  purchase: Purchase,
  secrets: ChannelSecrets,
  k: number,
  prefix: number,
  ahead: number,
): Promise<void> {
  const { journal, manifest } = purchase;
  const { channelId, terms } = secrets;
  const { confirmed, signed } = channelOf({ journal }, channelId);
  if (!confirmed) throw new Error('nothing is paid before the funding is confirmed');
  const { outpoint } = confirmed;
  checkCommitment({ k, verified: prefix, ahead, count: terms.count, outpoint, confirmed: outpoint });
  if (signed?.k === k) return send(purchase, secrets, k, signed.signature);
  const rest = change(terms, manifest, k);
  const message = commitmentMessage(fundingOf(secrets, outpoint), terms.changeScript, rest);
  const signature = bytesToHex(signMessage(secrets.secret, message));
  await journal.append({ v: 1, record: 'commitment-signed', channel: channelId, k, signature });
  return send(purchase, secrets, k, signature);
}

async function send(
  purchase: Purchase,
  secrets: ChannelSecrets,
  k: number,
  signature: string,
): Promise<void> {
  const { shop, journal, manifest, report } = purchase;
  const answer = await shop.commit(secrets, k, signature);
  // First: once the payment is noted, the chunk may be asked for.
  if (answer.next) await keepLink(purchase, secrets, k - 1 + secrets.terms.credit, answer.next);
  await noteAnswer(purchase, secrets.channelId, answer);
  checkPaymentTaken(answer.paid, k);
  const state = journal.state();
  report({
    kind: 'chunk-paid',
    chunk: secrets.terms.first + k - 1,
    chunks: manifest.chunks.length,
    paid: paidSatoshis(state, manifest),
  });
}

/**
 * Whatever the shop answers: its terms are ours, it was paid no more than was signed, and what it acknowledges is noted. That
 * is not synced: what a power cut takes of it is asked of the shop again.
 */
async function noteAnswer(purchase: Purchase, channelId: string, answer: ChannelAnswer): Promise<void> {
  const channel = channelOf(purchase, channelId);
  checkTermsReturned(channelId, channel.termsText, answer);
  // A claim beyond what this journal knows only gives chunks away: nothing is signed for what is not here.
  if (!purchase.journal.state().restored) checkPaidClaim(answer.paid, channel.signed?.k ?? 0);
  if (answer.paid > channel.paid) {
    await purchase.journal.note({
      v: 1,
      record: 'commitment-accepted',
      channel: channelId,
      k: answer.paid,
    });
  }
}
