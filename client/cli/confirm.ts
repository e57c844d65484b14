import { createInterface } from 'node:readline/promises';
import { BuyerError, interrupted } from '../buyer/errors.ts';

/**
 * Asks for a yes. Off a terminal nobody can give one, and none is taken for given.
 * @param next what to do there instead
 * @throws BuyerError usage off a terminal, interrupted by Ctrl-C
 */
export async function confirm(question: string, explanation: string, next: string): Promise<boolean> {
  process.stderr.write(`${explanation}\n`);
  if (process.stdin.isTTY !== true || process.stderr.isTTY !== true) {
    throw new BuyerError('usage', 'This needs a yes, and there is no terminal to ask on.', { next });
  }
  const dialogue = createInterface({ input: process.stdin, output: process.stderr });
  // Ctrl-C comes here and not to the process while a line is read; Ctrl-D ends the input. Neither is a yes.
  const stop = new AbortController();
  for (const event of ['SIGINT', 'close']) dialogue.once(event, () => stop.abort());
  try {
    return /^y(es)?$/i.test((await dialogue.question(`${question} [y/N] `, { signal: stop.signal })).trim());
  } catch {
    throw interrupted();
  } finally {
    dialogue.close();
  }
}
