import { MAX_NODE_ANSWER_BYTES } from '../limits.ts';
import { ChainUnavailable } from './chain.ts';

/** The body of an answer as text. @throws ChainUnavailable if it is longer than any honest one */
export async function answerText(response: Response, limit = MAX_NODE_ANSWER_BYTES): Promise<string> {
  if (!response.body) return '';
  const decoder = new TextDecoder();
  const reader = response.body.getReader();
  let text = '';
  let size = 0;
  for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
    size += piece.value.byteLength;
    if (size > limit) {
      await reader.cancel();
      throw new ChainUnavailable('an answer that is too long');
    }
    text += decoder.decode(piece.value, { stream: true });
  }
  return text + decoder.decode();
}

/** A failure in words, with its cause: fetch says why only there. */
export function failureText(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause instanceof Error ? `: ${error.cause.message}` : '';
  return `${error.message}${cause}`;
}
