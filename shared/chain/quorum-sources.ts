import type { Log } from '../log.ts';
import { failureText } from './answer-text.ts';
import { ChainUnavailable, type WalletChain } from './chain.ts';

export interface ChainSource {
  /** For logs: no credentials in it. */
  readonly name: string;
  readonly chain: WalletChain;
}

export interface Answered<Answer> {
  readonly source: string;
  readonly answer: Answer;
}

export interface AskOptions {
  /** How many sources must answer. */
  readonly needed: number;
  readonly timeoutMs: number;
}

type Ask<Answer> = (chain: WalletChain) => Promise<Answer>;

export interface Sources {
  /**
   * Asks every source at once and waits for each until its time is over.
   * @returns the answers there are, in the order of the sources
   * @throws ChainUnavailable if fewer answer than are needed
   */
  all<Answer>(question: string, ask: Ask<Answer>, options: AskOptions): Promise<readonly Answered<Answer>[]>;
  /**
   * Asks one source after the other until an answer will do.
   * @returns that one, else the last answer there was
   * @throws ChainUnavailable if none answers
   */
  first<Answer>(
    question: string,
    ask: Ask<Answer>,
    timeoutMs: number,
    willDo?: (answer: Answer) => boolean,
  ): Promise<Answer>;
}

export function askSources(sources: readonly ChainSource[], log: Log): Sources {
  /** An empty list if the source is silent. */
  async function one<Answer>(
    { name, chain }: ChainSource,
    question: string,
    ask: Ask<Answer>,
    timeoutMs: number,
  ): Promise<readonly Answered<Answer>[]> {
    try {
      return [{ source: name, answer: await inTime(ask(chain), timeoutMs) }];
    } catch (error) {
      // Anything but ChainUnavailable is a mistake of ours: the other sources go on, and somebody must know.
      const alarm = !(error instanceof ChainUnavailable);
      log('chain-source-silent', { alarm, source: name, question, reason: failureText(error) });
      return [];
    }
  }

  return {
    async all(question, ask, { needed, timeoutMs }) {
      const asked = sources.map((source) => one(source, question, ask, timeoutMs));
      const answers = (await Promise.all(asked)).flat();
      if (answers.length >= needed) return answers;
      log('chain-quorum-lost', { alarm: true, question, answered: answers.length, needed });
      throw new ChainUnavailable(`${answers.length} chain sources answer ${question}, ${needed} are needed`);
    },
    async first<Answer>(
      question: string,
      ask: Ask<Answer>,
      timeoutMs: number,
      willDo: (answer: Answer) => boolean = () => true,
    ) {
      let last: Answered<Answer> | undefined;
      for (const source of sources) {
        const [answered] = await one(source, question, ask, timeoutMs);
        last = answered ?? last;
        if (answered && willDo(answered.answer)) break;
      }
      if (last) return last.answer;
      log('chain-quorum-lost', { alarm: true, question, answered: 0, needed: 1 });
      throw new ChainUnavailable(`no chain source answers ${question}`);
    },
  };
}

async function inTime<Answer>(answer: Promise<Answer>, timeoutMs: number): Promise<Answer> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new ChainUnavailable(`no answer in ${timeoutMs} ms`)), timeoutMs);
  });
  try {
    return await Promise.race([answer, deadline]);
  } finally {
    clearTimeout(timer);
  }
}
