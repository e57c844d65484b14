import { MAX_FEE_RATE } from '../limits.ts';
import type { BroadcastOutcome, Confirmation, Spend, Tip, UnspentOutput } from './chain.ts';

/** One source's answer; with the tip it named just before it, where it was asked for that. */
export interface Testimony<Answer> {
  readonly answer: Answer;
  readonly tip?: Tip;
}

export type Verdict<Answer> =
  | { readonly kind: 'agreed'; readonly answer: Answer }
  | {
      readonly kind: 'disagreed';
      readonly what: string;
      /** No difference of tips explains it: a txid fixes what an output holds. */
      readonly certain: boolean;
    };

const agreed = <Answer>(answer: Answer): Verdict<Answer> => ({ kind: 'agreed', answer });
const disagreed = (what: string, certain = false): Verdict<never> => ({ kind: 'disagreed', what, certain });

/** Do all of them stand on the same block? Unknown tips are none. */
export function standTogether(testimonies: readonly Testimony<unknown>[]): boolean {
  const hashes = testimonies.map(({ tip }) => tip?.hash);
  return hashes.every((hash) => hash !== undefined && hash === hashes[0]);
}

/**
 * A confirmed output is confirmed by all. What only the mempools differ in is no disagreement, for nothing is released on it;
 * nor is a block that a source has yet to see: until then the output counts as waiting.
 */
export function judgeUnspent(
  testimonies: readonly Testimony<UnspentOutput | undefined>[],
): Verdict<UnspentOutput | undefined> {
  const present = testimonies.flatMap(({ answer }) => (answer ? [answer] : []));
  const [first] = present;
  if (!first) return agreed(undefined);
  if (!present.every(({ value }) => value === first.value)) return disagreed('value', true);
  if (!present.every(({ script }) => sameBytes(script, first.script))) return disagreed('script', true);
  if (!present.every(({ coinbase }) => coinbase === first.coinbase)) return disagreed('coinbase', true);

  const confirmation = commonConfirmation(present);
  if (confirmation === 'differs') return disagreed('confirmation');
  if (!confirmation) return agreed(first);
  const doubting = testimonies.filter(({ answer }) => !answer?.confirmation);
  if (doubting.length === 0) return agreed(first);
  const allBehind = doubting.every(({ tip }) => tip !== undefined && tip.height < confirmation.height);
  if (allBehind) return agreed(unconfirmed(first));
  return disagreed(doubting.some(({ answer }) => !answer) ? 'presence' : 'confirmation');
}

/** As above; sources on different tips are given the time to meet: until then the spend counts as waiting. */
export function judgeSpend(testimonies: readonly Testimony<Spend | undefined>[]): Verdict<Spend | undefined> {
  const present = testimonies.flatMap(({ answer }) => (answer ? [answer] : []));
  const mined = present.find(({ confirmation }) => confirmation);
  if (!mined) return agreed(present[0]);
  const others = present.filter(({ confirmation }) => confirmation);
  if (!others.every(({ txid }) => txid === mined.txid)) return disagreed('spender');
  if (commonConfirmation(others) === 'differs') return disagreed('confirmation');
  const doubting = testimonies.filter(({ answer }) => !answer?.confirmation);
  if (doubting.length === 0) return agreed(mined);
  const tipsKnown = testimonies.every(({ tip }) => tip !== undefined);
  if (tipsKnown && !standTogether(testimonies)) return agreed(unconfirmed(mined));
  return disagreed(doubting.some(({ answer }) => !answer) ? 'presence' : 'confirmation');
}

/** A source that is behind knows no such height yet; those that do must name the same block. */
export function judgeBlockHash(
  testimonies: readonly Testimony<string | undefined>[],
): Verdict<string | undefined> {
  const hashes = testimonies.flatMap(({ answer }) => (answer === undefined ? [] : [answer]));
  return hashes.every((hash) => hash === hashes[0]) ? agreed(hashes[0]) : disagreed('block');
}

/** @returns undefined if none is confirmed */
function commonConfirmation(
  answers: readonly { readonly confirmation?: Confirmation }[],
): Confirmation | 'differs' | undefined {
  const confirmations = answers.flatMap(({ confirmation }) => (confirmation ? [confirmation] : []));
  const [first] = confirmations;
  const same = confirmations.every(
    ({ blockHash, height }) => blockHash === first?.blockHash && height === first.height,
  );
  return same ? first : 'differs';
}

function unconfirmed<Answer extends { readonly confirmation?: Confirmation }>(answer: Answer): Answer {
  const { confirmation: _, ...rest } = answer;
  return rest as Answer;
}

const sameBytes = (one: Uint8Array, other: Uint8Array): boolean =>
  one.length === other.length && one.every((byte, index) => byte === other[index]);

/**
 * The middle of three or more, the higher of two: too high a fee costs what the budget allows, too low a one the deadline.
 * What is beyond every fee we would pay counts only if all say so.
 * @returns satoshis per 1,000 vB; undefined if no estimate is above nothing
 */
export function commonFeeRate(rates: readonly bigint[]): bigint | undefined {
  const positive = rates.filter((rate) => rate > 0n);
  const sane = positive.filter((rate) => rate <= MAX_FEE_RATE);
  if (sane.length === 0) return positive.length > 0 ? MAX_FEE_RATE : undefined;
  const sorted = sane.toSorted((one, other) => (one < other ? -1 : one > other ? 1 : 0));
  return sorted.length < 3 ? sorted.at(-1) : sorted[Math.floor(sorted.length / 2)];
}

/** Best first: it is on its way, then what another fee or another block cures, then what sending again does not. */
const OUTCOMES: readonly BroadcastOutcome['kind'][] = [
  'accepted',
  'already-known',
  'replacement-too-low',
  'fee-too-low',
  'mempool-full',
  'non-final',
  'truc-violation',
  'missing-inputs',
  'rejected',
];

export function bestOutcome(outcomes: readonly BroadcastOutcome[]): BroadcastOutcome | undefined {
  const rank = ({ kind }: BroadcastOutcome): number => OUTCOMES.indexOf(kind);
  return outcomes.toSorted((one, other) => rank(one) - rank(other))[0];
}
