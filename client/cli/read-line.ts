import { createInterface } from 'node:readline/promises';
import { text } from 'node:stream/consumers';
import { interrupted } from '../buyer/errors.ts';

/** A line that is asked for on a terminal; all of standard input where there is none. @throws BuyerError interrupted */
export async function readLine(question: string): Promise<string> {
  if (process.stdin.isTTY !== true) return text(process.stdin);
  const dialogue = createInterface({ input: process.stdin, output: process.stderr });
  const stop = new AbortController();
  for (const event of ['SIGINT', 'close']) dialogue.once(event, () => stop.abort());
  try {
    return await dialogue.question(question, { signal: stop.signal });
  } catch {
    throw interrupted();
  } finally {
    dialogue.close();
  }
}
