import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildSpillway } from './built-spillway.ts';
import { type Defer, withCleanup, withinCleanup } from './cleanup.ts';
import { type Contestant, compete } from './contest.ts';
import { downloadEntrants, type Entrants } from './download.ts';
import { isOnPath } from './on-path.ts';
import { type Mode, readOptions, type TransferOptions } from './options.ts';
import { type Row, rowOf, type Standing, standing, table } from './report.ts';
import { type Stage, setStage } from './stage.ts';
import { uploadEntrants } from './upload.ts';

const log = (line: string) => void process.stderr.write(`${line}\n`);

/**
 * Moves the same bytes with Spillway and with the tools people would use instead, from one server on this machine to one disk.
 *   npm run bench -- transfer [--bytes 8GiB] [--runs 5] [--only plain|tls|publish] [--json]
 * Needs Linux, nginx and openssl, and in the temporary folder five times the bytes. Peers that are not on PATH are named.
 */
export async function benchTransfer(...args: string[]): Promise<void> {
  const options = readOptions(args);
  for (const program of ['nginx', 'openssl']) {
    if (!isOnPath(program)) throw new Error(`${program} is not on PATH; on Debian: scripts/get-peers.sh`);
  }
  await withCleanup(async (defer) => {
    const folder = await mkdtemp(join(tmpdir(), 'spillway-bench-'));
    // At one go: told to end, the task that fills the folder would fill it meanwhile.
    defer(async () => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }));
    const spillway = await buildSpillway(defer);
    log('making the dataset and putting it up for sale');
    const stage = await setStage(folder, spillway, options.bytes);
    const results: ModeResult[] = [];
    for (const mode of options.modes) {
      const result = await withinCleanup(defer, (deferMode) =>
        measureMode(mode, { folder, spillway, stage, options, defer: deferMode }),
      );
      results.push(result);
      process.stdout.write(text(result, options));
    }
    if (options.json) process.stdout.write(`${JSON.stringify(document(results, options))}\n`);
  });
}

interface ModeResult {
  readonly mode: Mode;
  /** The first is the command as anybody runs it. */
  readonly ours: readonly Row[];
  readonly peers: readonly Row[];
  readonly floors: readonly Row[];
  /** Peers that are not on PATH. */
  readonly absent: readonly string[];
  readonly standings: Readonly<Record<string, Standing>>;
}

interface Setting {
  readonly folder: string;
  readonly spillway: string;
  readonly stage: Stage;
  readonly options: TransferOptions;
  readonly defer: Defer;
}

async function measureMode(mode: Mode, setting: Setting): Promise<ModeResult> {
  const { folder, spillway, stage, options, defer } = setting;
  const entrants: Entrants =
    mode === 'publish'
      ? uploadEntrants(stage.source, spillway)
      : await downloadEntrants(mode, join(folder, mode), stage, spillway, defer);
  const present = entrants.peers.filter(({ needs }) => needs.every(isOnPath));
  const absent = entrants.peers.filter((peer) => !present.includes(peer)).map(({ tool }) => tool);
  // Read once, so that it comes from memory for the first run as for the last.
  execFileSync('sh', ['-c', 'find "$1" -type f -exec cat {} + >/dev/null', 'sh', stage.root]);
  const all = [...entrants.ours, ...present, ...entrants.floors];
  const runs = await compete(all, options.runs, join(folder, 'run'), log);
  const row = (contestant: Contestant) => rowOf(mode, contestant, runs.get(contestant) ?? [], options.bytes);
  const [ours, peers, floors] = [entrants.ours.map(row), present.map(row), entrants.floors.map(row)];
  const standings = Object.fromEntries(ours.map((one) => [one.tool, standing(one, peers, floors)]));
  return { mode, ours, peers, floors, absent, standings };
}

const TITLES: Readonly<Record<Mode, string>> = {
  plain: 'Download, in the clear',
  tls: 'Download, over TLS',
  publish: 'Publish',
};

function text({ mode, ours, peers, floors, absent, standings }: ModeResult, options: TransferOptions) {
  return [
    '',
    `${TITLES[mode]}: ${options.bytes} bytes, median of ${options.runs}`,
    '',
    table(ours, peers, floors),
    ...absent.map((tool) => `absent: ${tool}`),
    ...Object.entries(standings).map(([tool, how]) => `${tool}: ${standingText(how)}`),
    '',
  ].join('\n');
}

function standingText({ toBest, toBestVerified, cpuToFloor, toDisk }: Standing): string {
  return [
    ...(toBest === undefined ? [] : [`${toBest} of the fastest peer`]),
    ...(toBestVerified === undefined ? [] : [`${toBestVerified} of the fastest that checks`]),
    ...(cpuToFloor === undefined ? [] : [`${cpuToFloor} of the CPU of SHA-256 and cp`]),
    ...(toDisk === undefined ? [] : [`${toDisk} of cp, then sync`]),
  ].join(', ');
}

/** `ratioToBest` is the plain command's in the first mode that was measured; `standings` has them all. */
function document(results: readonly ModeResult[], { bytes, runs }: TransferOptions): object {
  const [first] = results;
  const [plain] = first?.ours ?? [];
  return {
    transfer: results.flatMap(({ ours, peers }) => [...ours, ...peers]),
    floors: results.flatMap(({ floors }) => floors),
    ratioToBest: plain && first?.standings[plain.tool]?.toBest,
    standings: Object.fromEntries(results.map((result) => [result.mode, result.standings])),
    absent: [...new Set(results.flatMap(({ absent }) => absent))],
    bytes,
    runs,
  };
}
