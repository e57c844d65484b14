import type { JsonValue } from '../errors.ts';
import { TIP_DIFFERENCE_ALARM, TIP_DIFFERENCE_LIMIT } from '../limits.ts';
import type { Log } from '../log.ts';
import {
  type BroadcastOutcome,
  ChainDisagreement,
  ChainUnavailable,
  type ReplacementRate,
  type Tip,
  type WalletChain,
} from './chain.ts';
import { askSources, type ChainSource } from './quorum-sources.ts';
import {
  bestOutcome,
  commonFeeRate,
  judgeBlockHash,
  judgeSpend,
  judgeUnspent,
  standTogether,
  type Testimony,
  type Verdict,
} from './quorum-verdicts.ts';

export interface QuorumOptions {
  readonly sources: readonly ChainSource[];
  readonly log: Log;
  /**
   * Sources that must answer a question about the chain. Default: more than half of three or more; of two, one may be
   * silent, for a shop with two sources must not depend on both.
   */
  readonly answersNeeded?: number;
  /** Sources that must agree on an output before data is released on it. Default: as many as must answer. */
  readonly agreementNeeded?: number;
  /** Milliseconds that a source has for one question. */
  readonly timeoutMs?: number;
  /** The same where blocks or coins are searched. */
  readonly searchTimeoutMs?: number;
}

/** A request that waits for two rounds of it is answered within API Gateway's 30 seconds. */
const TIMEOUT_MS = 10_000;
const SEARCH_TIMEOUT_MS = 60_000;

/**
 * Several chain sources as one. All that answer must agree; one that is silent is done without as long as enough others
 * answer; one that contradicts the others stops what depends on it, with an alarm if nothing innocent explains it.
 */
export function quorumChain(options: QuorumOptions): WalletChain {
  const { log, sources: configured } = options;
  const { timeoutMs = TIMEOUT_MS, searchTimeoutMs = SEARCH_TIMEOUT_MS } = options;
  const answersNeeded = options.answersNeeded ?? defaultAnswersNeeded(configured.length);
  const agreementNeeded = options.agreementNeeded ?? answersNeeded;
  for (const needed of [answersNeeded, agreementNeeded]) {
    if (needed < 1 || needed > configured.length)
      throw new Error('a quorum is some of the sources there are');
  }
  const sources = askSources(configured, log);
  const enough = { needed: answersNeeded, timeoutMs };

  async function tip(): Promise<Tip> {
    const answers = await sources.all('tip', (chain) => chain.tip(), enough);
    const highest = answers.reduce((best, next) => (next.answer.height > best.answer.height ? next : best));
    const lowest = Math.min(...answers.map(({ answer }) => answer.height));
    const difference = highest.answer.height - lowest;
    if (difference > TIP_DIFFERENCE_ALARM) {
      const heights = Object.fromEntries(answers.map(({ source, answer }) => [source, answer.height]));
      log('chain-tips-differ', { alarm: true, difference, heights });
    }
    if (difference <= TIP_DIFFERENCE_LIMIT) return highest.answer;
    throw new ChainDisagreement(`the tips of the chain sources differ by ${difference} blocks`);
  }

  async function agreed<Answer>(
    question: string,
    ask: (chain: WalletChain) => Promise<Answer>,
    judge: (testimonies: readonly Testimony<Answer>[]) => Verdict<Answer>,
    round: typeof enough,
    fields: Readonly<Record<string, JsonValue>>,
  ): Promise<Answer> {
    const first = judge(await sources.all(question, ask, round));
    if (first.kind === 'agreed') return first.answer;
    // A block may have come to one before the other. What a source says after naming its tip, it says knowing that tip.
    const withTip = async (chain: WalletChain): Promise<Testimony<Answer>> => {
      const known = await chain.tip();
      return { tip: known, answer: await ask(chain) };
    };
    const answers = await sources.all(question, withTip, round);
    const testimonies = answers.map(({ answer }) => answer);
    const second = judge(testimonies);
    if (second.kind === 'agreed') return second.answer;
    const alarm = second.certain || standTogether(testimonies);
    const tips = Object.fromEntries(
      answers.map(({ source, answer }) => [source, answer.tip?.height ?? null]),
    );
    log('chain-sources-disagree', { alarm, question, about: second.what, tips, ...fields });
    throw new ChainDisagreement(`the chain sources disagree on ${question}: ${second.what}`);
  }

  async function toEveryone(
    question: string,
    send: (chain: WalletChain) => Promise<BroadcastOutcome>,
  ): Promise<BroadcastOutcome> {
    const answers = await sources.all(question, send, { needed: 1, timeoutMs });
    const best = bestOutcome(answers.map(({ answer }) => answer));
    if (!best) throw new ChainUnavailable('no chain source takes a broadcast');
    return best;
  }

  return {
    tip,
    blockHash: (height) =>
      agreed('blockHash', (chain) => chain.blockHash(height), judgeBlockHash, enough, { height }),
    unspentOutput: ({ txid, vout }) =>
      agreed(
        'unspentOutput',
        (chain) => chain.unspentOutput({ txid, vout }),
        judgeUnspent,
        { needed: Math.max(answersNeeded, agreementNeeded), timeoutMs },
        { txid, vout },
      ),
    spend: (outpoint, script, fromHeight) =>
      agreed(
        'spend',
        (chain) => chain.spend(outpoint, script, fromHeight),
        judgeSpend,
        { needed: answersNeeded, timeoutMs: searchTimeoutMs },
        { txid: outpoint.txid, vout: outpoint.vout },
      ),
    async feeRate(blocks) {
      const answers = await sources.all('feeRate', (chain) => chain.feeRate(blocks), {
        needed: 1,
        timeoutMs,
      });
      const rate = commonFeeRate(answers.map(({ answer }) => answer));
      if (rate === undefined) throw new ChainUnavailable('no chain source has an estimate of fees');
      return rate;
    },
    broadcast: (raw) => toEveryone('broadcast', (chain) => chain.broadcast(raw)),
    broadcastPackage: (raws) => toEveryone('broadcastPackage', (chain) => chain.broadcastPackage(raws)),
    testAcceptance: (raw) => sources.first('testAcceptance', (chain) => chain.testAcceptance(raw), timeoutMs),
    mempoolEntry: (txid) =>
      sources.first(
        'mempoolEntry',
        (chain) => chain.mempoolEntry(txid),
        timeoutMs,
        (entry) => entry !== undefined,
      ),
    async replacementRate() {
      const ask = (chain: WalletChain) => chain.replacementRate();
      const answers = await sources.all('replacementRate', ask, { needed: 1, timeoutMs });
      return answers.map(({ answer }) => answer).reduce(stricter);
    },
    outputsPayingTo: (scripts) =>
      sources.first('outputsPayingTo', (chain) => chain.outputsPayingTo(scripts), searchTimeoutMs),
  };
}

/** A majority; of two sources, one may be silent. */
const defaultAnswersNeeded = (sources: number): number => (sources <= 2 ? 1 : Math.floor(sources / 2) + 1);

const stricter = (one: ReplacementRate, other: ReplacementRate): ReplacementRate => ({
  incremental: one.incremental > other.incremental ? one.incremental : other.incremental,
  floor: one.floor > other.floor ? one.floor : other.floor,
});
