import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import type { LocalChain } from './chain/start-chain.ts';
import { DRILLS } from './drill/all-drills.ts';
import { type Drill, hold, type Outcome } from './drill/drill.ts';
import { type DrillResult, HEADING, jsonRow, resultOf, tableRow } from './drill/drill-report.ts';
import { dieSweeping } from './drill/dying-sweep.ts';
import { openStage } from './drill/stage.ts';

interface DrillOptions {
  readonly chain?: LocalChain['kind'];
  readonly only?: readonly string[];
  readonly runs: number;
  readonly json?: true;
}

const program = new Command('drill')
  .description('hold the disasters that a settlement must survive, and add up from the blocks what they cost')
  .addOption(
    new Option('--chain <kind>', 'without it a bitcoind if there is one').choices(['bitcoind', 'embedded']),
  )
  .option('--only <names...>', 'these drills')
  .option('--runs <number>', 'how often each', atLeastOne, 1)
  .option('--json', 'one JSON object as the last line')
  .action(holdDrills);
// A drill kills the process that runs this.
program.command('dying-sweep', { hidden: true }).action(() => dieSweeping(process.env));
// As in the command itself: nobody who runs a drill can do anything about it.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';
await program.parseAsync();

async function holdDrills({ chain, only, runs, json }: DrillOptions): Promise<void> {
  const drills = only ? only.map(drillOf) : DRILLS;
  const outcomes = new Map<Drill, Outcome[]>(drills.map((drill) => [drill, []]));
  const spent = new Map<Drill, number>();
  const tell = (line: string) => void (json ? process.stderr : process.stdout).write(`${line}\n`);
  let kind = chain;
  for (let run = 0; run < runs; run++) {
    const folder = await mkdtemp(join(tmpdir(), 'spillway-drill-'));
    // A chain of its own for each round: on a regtest chain that grows long no block brings money any more.
    const stage = await openStage(folder, chain);
    kind = stage.kind;
    try {
      for (const drill of drills) {
        const began = performance.now();
        const outcome = await hold(drill, stage);
        outcomes.get(drill)?.push(outcome);
        spent.set(drill, (spent.get(drill) ?? 0) + performance.now() - began);
        if (!outcome.ok) tell(`${drill.name}, run ${run + 1}, is broken: ${outcome.reason}`);
      }
    } finally {
      await stage.stop();
      await rm(folder, { recursive: true, force: true });
    }
  }
  const results = drills.map((drill) => resultOf(drill, outcomes.get(drill) ?? [], spent.get(drill) ?? 0));
  report(results, kind, tell);
  if (json) console.log(JSON.stringify({ chain: kind, drills: results.map(jsonRow) }));
  if (results.some(({ failures }) => failures.length > 0)) process.exitCode = 1;
}

function report(
  results: readonly DrillResult[],
  kind: string | undefined,
  tell: (line: string) => void,
): void {
  tell(`on ${kind === 'bitcoind' ? 'a real bitcoind' : 'the embedded ledger'} (regtest)\n\n${HEADING}`);
  for (const result of results) tell(tableRow(result));
}

function drillOf(name: string): Drill {
  const found = DRILLS.find((drill) => drill.name === name);
  if (found) return found;
  throw new Error(`there is no drill ${name}; there are ${DRILLS.map((drill) => drill.name).join(', ')}`);
}

function atLeastOne(text: string): number {
  if (!/^[1-9][0-9]{0,3}$/.test(text)) throw new InvalidArgumentError('must be a whole number above 0.');
  return Number(text);
}
