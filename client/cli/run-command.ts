import { failureOf, jsonLine } from './report-failure.ts';
import { paint, terminalOf } from './terminal.ts';

/** What a command has to say: for programs, and for people. */
export interface CommandResult {
  readonly document: unknown;
  readonly text: string;
}

/**
 * Runs a command's work and says what came of it; every failure ends with its exit code.
 * @param understood makes an error of a library one that says what to do
 */
export async function runCommand(
  { json }: { readonly json?: true },
  work: () => Promise<CommandResult>,
  understood: (error: unknown) => unknown = (error) => error,
): Promise<void> {
  try {
    const { document, text } = await work();
    process.stdout.write(json ? jsonLine(document) : text);
  } catch (error) {
    const failure = failureOf(understood(error));
    const [first = '', ...rest] = failure.text.split('\n');
    const message = paint(terminalOf(process.stderr), 'red', first);
    process.stderr.write([message, ...rest].join('\n'));
    if (json) process.stdout.write(jsonLine(failure.document));
    process.exitCode = failure.exitCode;
  }
}
