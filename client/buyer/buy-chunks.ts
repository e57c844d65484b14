import { bytesToHex } from '@noble/hashes/utils.js';
import type { ChannelAnswer, ChannelState, ChunkLink, CommitmentAnswer } from '../../shared/http/api.ts';
import { commitmentMessage } from '../../shared/protocol/commitment.ts';
import { change } from '../../shared/protocol/price.ts';
import { signMessage } from '../../shared/protocol/signature.ts';
import type { Purchase } from './buyer-context.ts';
import { type ChannelSecrets, channelSecrets, fundingOf } from './channel-secrets.ts';
import { checkCommitment, checkPaidClaim, checkTermsReturned } from './checks.ts';
import { interrupted, isProblem } from './errors.ts';
import { fetchChunk } from './fetch-chunk.ts';
import { channelOf } from './fund-channel.ts';
import { paidSatoshis } from './open-channel.ts';

/** How buying through a channel ended: all of its chunks are here and paid, or the channel takes no more. */
export type ChunksOutcome = 'done' | 'life-ended';

/** Refusals that mean: this channel sells nothing any more. */
const OVER = ['too-late', 'channel-ended', 'channel-not-open'] as const;

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
      if (!isProblem(error, ...OVER)) throw error;
    });
  }
  return answer.state;
}

/** Data, check, payment, the next link; again until the channel's chunks are bought. */
export async function buyChunks(purchase: Purchase, channelId: string): Promise<ChunksOutcome> {
  const secrets = channelSecrets(channelOf(purchase, channelId), purchase.wallet.keys);
  let next: ChunkLink | null = null;
  let verified = 0;
  try {
    for (;;) {
      if (purchase.buyer.signal?.aborted) throw interrupted();
      verified = verifiedChunks(purchase, secrets, verified);
      const step = nextStep(purchase, secrets, verified);
      if (step.kind === 'done') return 'done';
      if (step.kind === 'fetch') await fetchChunk(purchase, secrets, step.number, next);
      else next = (await pay(purchase, secrets, step.k, verified)).next;
    }
  } catch (error) {
    if (isProblem(error, ...OVER)) return 'life-ended';
    throw error;
  }
}

type Step =
  | { readonly kind: 'done' }
  | { readonly kind: 'fetch'; readonly number: number }
  | { readonly kind: 'pay'; readonly k: number };

/** Data first wherever credit or an earlier payment allows; payment ahead only where the shop gives no credit. */
function nextStep(purchase: Purchase, { channelId, terms }: ChannelSecrets, verified: number): Step {
  const { paid } = channelOf(purchase, channelId);
  if (verified < Math.min(terms.count, paid + terms.credit)) return { kind: 'fetch', number: verified };
  const k = Math.min(terms.count, verified + aheadOf(purchase, terms.credit));
  return k > paid ? { kind: 'pay', k } : { kind: 'done' };
}

function aheadOf({ limits }: Purchase, credit: 0 | 1): number {
  return credit === 1 ? 0 : (limits.ahead ?? 1);
}

/** Chunks that are here without a gap, from the channel's first; the first `known` of them are known to be. */
function verifiedChunks({ journal }: Purchase, { terms }: ChannelSecrets, known: number): number {
  const { verified } = journal.state();
  let number = known;
  while (number < terms.count && verified.has(terms.first + number)) number += 1;
  return number;
}

async function pay(
  purchase: Purchase,
  secrets: ChannelSecrets,
  k: number,
  verified: number,
): Promise<CommitmentAnswer> {
  const { journal, manifest } = purchase;
  const { channelId, terms } = secrets;
  const { confirmed, signed } = channelOf({ journal }, channelId);
  if (!confirmed) throw new Error('nothing is paid before the funding is confirmed');
  const ahead = aheadOf(purchase, terms.credit);
  checkCommitment({
    k,
    verified,
    ahead,
    count: terms.count,
    outpoint: confirmed.outpoint,
    confirmed: confirmed.outpoint,
  });
  if (signed?.k === k) return send(purchase, secrets, k, signed.signature);
  const rest = change(terms, manifest, k);
  const message = commitmentMessage(fundingOf(secrets, confirmed.outpoint), terms.changeScript, rest);
  const signature = bytesToHex(signMessage(secrets.secret, message));
  await journal.append({ v: 1, record: 'commitment-signed', channel: channelId, k, signature });
  return send(purchase, secrets, k, signature);
}

async function send(
  purchase: Purchase,
  secrets: ChannelSecrets,
  k: number,
  signature: string,
): Promise<CommitmentAnswer> {
  const { shop, journal, manifest, report } = purchase;
  const answer = await shop.commit(secrets, k, signature);
  await noteAnswer(purchase, secrets.channelId, answer);
  const state = journal.state();
  report({
    kind: 'chunk-paid',
    chunk: secrets.terms.first + k - 1,
    chunks: manifest.chunks.length,
    paid: paidSatoshis(state, manifest),
  });
  return answer;
}

/** Whatever the shop answers: its terms are ours, it was paid no more than was signed, and what it acknowledges is noted. */
async function noteAnswer(purchase: Purchase, channelId: string, answer: ChannelAnswer): Promise<void> {
  const channel = channelOf(purchase, channelId);
  checkTermsReturned(channelId, channel.termsText, answer);
  checkPaidClaim(answer.paid, channel.signed?.k ?? 0);
  if (answer.paid > channel.paid) {
    await purchase.journal.append({
      v: 1,
      record: 'commitment-accepted',
      channel: channelId,
      k: answer.paid,
    });
  }
}
