import { failureOf, jsonLine } from './report-failure.ts';

/** What a command has to say: for programs, and for people. */
export interface CommandResult {
  readonly document: unknown;
  readonly text: string;
}

/** Runs a command's work and says what came of it; every failure ends with its exit code. */
export async function runCommand(
  { json }: { readonly json?: true },
  work: () => Promise<CommandResult>,
): Promise<void> {
  try {
    const { document, text } = await work();
    process.stdout.write(json ? jsonLine(document) : text);
  } catch (error) {
    const failure = failureOf(error);
    process.stderr.write(failure.text);
    if (json) process.stdout.write(jsonLine(failure.document));
    process.exitCode = failure.exitCode;
  }
}
