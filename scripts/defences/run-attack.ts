import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder } from './copied-project.ts';

/** What jest writes with --json, as far as it is read here. */
interface Results {
  readonly numRuntimeErrorTestSuites: number;
  readonly testResults: readonly {
    readonly message: string;
    readonly assertionResults: readonly {
      readonly fullName: string;
      readonly status: string;
      readonly failureMessages: readonly string[];
    }[];
  }[];
}

export interface AttackRun {
  readonly seconds: string;
  /** Why the suite came to no test at all. */
  readonly suiteError?: string;
  readonly outcomes: readonly { readonly name: string; readonly failed: boolean; readonly message: string }[];
}

/**
 * Runs those tests of a suite of test/attacks whose name has one of the texts in it.
 * @param folder the project
 */
export async function runAttack(folder: string, suite: string, tests: readonly string[]): Promise<AttackRun> {
  const outputFile = join(folder, '.results.json');
  await rm(outputFile, { force: true });
  const begun = Date.now();
  const jest = spawn(
    process.execPath,
    [
      'node_modules/jest/bin/jest.js',
      // A shop whose test failed in the middle may leave open what would keep jest waiting.
      ...['--runInBand', '--forceExit', '--silent', '--json', '--outputFile', outputFile],
      ...['--testNamePattern', tests.map(escaped).join('|')],
      ...['--runTestsByPath', `test/attacks/${suite}.test.ts`],
    ],
    { cwd: folder, stdio: 'ignore', env: { ...process.env, TMPDIR: temporaryFolder(folder) } },
  );
  await once(jest, 'exit');
  const seconds = ((Date.now() - begun) / 1000).toFixed(1);
  const written = await readFile(outputFile, 'utf8').catch(() => undefined);
  if (written === undefined) return { seconds, suiteError: 'jest wrote no results', outcomes: [] };
  return { seconds, ...readResults(JSON.parse(written)) };
}

function readResults({ numRuntimeErrorTestSuites, testResults }: Results): Omit<AttackRun, 'seconds'> {
  const outcomes = testResults
    .flatMap(({ assertionResults }) => assertionResults)
    .filter(({ status }) => status === 'passed' || status === 'failed')
    .map(({ fullName, status, failureMessages }) => ({
      name: fullName,
      failed: status === 'failed',
      message: inOneLine(failureMessages[0] ?? ''),
    }));
  if (numRuntimeErrorTestSuites === 0) return { outcomes };
  return { suiteError: inOneLine(testResults.map(({ message }) => message).join(' ')), outcomes };
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

/** Without colours and the trace. */
function inOneLine(message: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: colours begin with one
  const plain = message.replace(/\u001b\[[0-9;]*m/g, '');
  return plain
    .replace(/\n\s+at [\s\S]*$/, '')
    .replace(/\s+/g, ' ')
    .slice(0, 700);
}
