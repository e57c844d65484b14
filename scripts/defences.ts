/**
 * Takes each defence of test/attacks/defences.ts away, one at a time and in a copy of the project, and demands that its attack
 * test fails: npm run defences -- sybil-harvest 'a cancel' for those whose attack, suite or file has one of the words in it;
 * --why adds what the test said.
 */
import { parseArgs } from 'node:util';
import { changesOf, type Defence } from '../test/attacks/defences/defence.ts';
import { DEFENCES } from '../test/attacks/defences.ts';
import { type CopiedProject, copyProject } from './defences/copied-project.ts';
import { type AttackRun, runAttack } from './defences/run-attack.ts';

const { values, positionals: names } = parseArgs({
  allowPositionals: true,
  options: { why: { type: 'boolean', default: false } },
});
const begun = Date.now();

const isChosen = ({ attack, suite, file }: Defence) =>
  names.length === 0 || names.some((name) => `${attack} ${suite} ${file}`.includes(name));

/** What must be right for any of it to mean something. */
async function checkUntouched(project: CopiedProject, defences: readonly Defence[]): Promise<string[]> {
  const changes = defences.flatMap(changesOf);
  const faults = (await Promise.all(changes.map((change) => project.fault(change)))).flat();
  if (faults.length > 0) return faults;
  for (const suite of new Set(defences.map((defence) => defence.suite))) {
    const tests = defences.filter((defence) => defence.suite === suite).map(({ test }) => test);
    const run = await runAttack(project.folder, suite, tests);
    const found = untouchedFaults(run, tests).map((fault) => `${suite}, untouched: ${fault}`);
    const word = found.length === 0 ? 'passes' : 'FAILS ';
    console.log(`${word} ${run.seconds.padStart(6)} s  ${suite}, ${run.outcomes.length} tests untouched`);
    faults.push(...found);
  }
  return faults;
}

function untouchedFaults({ suiteError, outcomes }: AttackRun, tests: readonly string[]): string[] {
  const missing = tests.filter((test) => !outcomes.some(({ name }) => name.includes(test)));
  const failed = outcomes.filter((outcome) => outcome.failed);
  return [
    ...(suiteError ? [`the suite does not run: ${suiteError}`] : []),
    ...missing.map((test) => `no test is called '${test}'`),
    ...failed.map(({ name, message }) => `'${name}' fails: ${message}`),
  ];
}

/** A suite that does not load says nothing about the attack. */
function verdictOf({ suiteError, outcomes }: AttackRun): { readonly red: boolean; readonly why: string } {
  if (suiteError) return { red: false, why: `the suite did not run: ${suiteError}` };
  const failed = outcomes.find((outcome) => outcome.failed);
  return failed ? { red: true, why: failed.message } : { red: false, why: 'the test passed without it' };
}

async function takeAway(project: CopiedProject, defence: Defence): Promise<string | undefined> {
  const { attack, suite, file } = defence;
  const run = await project.changed(changesOf(defence), () =>
    runAttack(project.folder, suite, [defence.test]),
  );
  const { red, why } = verdictOf(run);
  console.log(`${red ? 'red   ' : 'GREEN '} ${run.seconds.padStart(6)} s  ${attack} (${file}, ${suite})`);
  if (values.why) console.log(`                 ${why}`);
  return red ? undefined : `${attack} (${file}, ${suite}): ${why}`;
}

async function takeAllAway(project: CopiedProject, defences: readonly Defence[]): Promise<string[]> {
  const faults = await checkUntouched(project, defences);
  if (faults.length > 0) return faults;
  const green: string[] = [];
  for (const defence of defences) {
    const fault = await takeAway(project, defence);
    if (fault) green.push(fault);
  }
  return green;
}

const chosen = DEFENCES.filter(isChosen);
if (chosen.length === 0) throw new Error(`no defence is of ${names.join(', ')}`);
const project = await copyProject();
const faults = await takeAllAway(project, chosen).finally(() => project.remove());
const minutes = ((Date.now() - begun) / 60_000).toFixed(1);
for (const fault of faults) console.log(fault);
console.log(
  faults.length === 0
    ? `${chosen.length} defences, each taken away turned its test red, ${minutes} minutes`
    : `${chosen.length} defences, ${faults.length} faults, ${minutes} minutes`,
);
process.exitCode = faults.length > 0 ? 1 : 0;
