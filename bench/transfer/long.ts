import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { startBenchShop } from './bench-shop.ts';
import { buildSpillway } from './built-spillway.ts';
import { type Buying, buyArguments, openChannel } from './buyer.ts';
import { withCleanup } from './cleanup.ts';
import { type Front, freePort, startFront } from './front.ts';
import { buyAndKill } from './killed-purchase.ts';
import { measure } from './measure.ts';
import { type MemoryOverTime, memoryOverTime } from './memory-over-time.ts';
import { sizeOf } from './options.ts';
import { auditSale } from './sale-audit.ts';
import { type Stage, setStage } from './stage.ts';

const log = (line: string) => void process.stderr.write(`${line}\n`);
/** Milliseconds from a connection's end to the line that nginx writes about it. */
const LOG_DELAY = 500;

/**
 * A long sale: published, bought by a buyer that is killed every few seconds, then bought by one that is left alone.
 *   npm run bench -- long [--bytes 10GB] [--kill-every 3] [--json]
 * Needs what `transfer` needs, and in the temporary folder four times the bytes.
 */
export async function benchLong(...args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      bytes: { type: 'string', default: '10GB' },
      'kill-every': { type: 'string', default: '3' },
      json: { type: 'boolean', default: false },
    },
  });
  const bytes = sizeOf(values.bytes);
  const killEvery = Number(values['kill-every']) * 1000;
  if (!(killEvery >= 1000)) throw new Error('--kill-every is a number of seconds, 1 or more');
  await withCleanup(async (defer) => {
    const folder = await mkdtemp(join(tmpdir(), 'spillway-bench-'));
    defer(async () => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }));
    const spillway = await buildSpillway(defer);
    log('making the dataset and putting it up for sale');
    const samples: number[] = [];
    const stage = await setStage(folder, spillway, bytes, (now) => samples.push(now));
    const port = await freePort();
    const shop = await startBenchShop(stage.shopFolder, `http://127.0.0.1:${port}`);
    defer(() => shop.stop());
    const front = await startFront({
      folder: join(folder, 'nginx'),
      root: stage.root,
      port,
      store: shop.store.url,
    });
    defer(() => front.stop());
    const buying = (name: string): Buying => ({
      spillway,
      shop,
      manifest: stage.manifest,
      home: join(folder, `${name}-home`),
      output: join(folder, name),
      options: [],
      environment: {},
    });
    const killed = await buyKilled(buying('killed'), { stage, front, bytes, killEvery });
    const quiet = await buyQuietly(buying('quiet'), stage);
    const result = { bytes, publishMemory: memoryOverTime(samples), killed, quiet };
    process.stdout.write(textOf(result));
    if (values.json) process.stdout.write(`${JSON.stringify({ long: result })}\n`);
  });
}

interface Killed {
  readonly kills: number;
  /** What the server sent of chunks, to the bytes of the dataset. */
  readonly fetchedRatio: number;
  readonly paidSats: string;
  readonly sellerReceivedSats: string;
}

async function buyKilled(
  buying: Buying,
  run: { readonly stage: Stage; readonly front: Front; readonly bytes: number; readonly killEvery: number },
): Promise<Killed> {
  log('buying, with a kill -9 every few seconds');
  const deposits = await openChannel(buying);
  const kills = await buyAndKill(buying, run.killEvery);
  await sleep(LOG_DELAY);
  const answers = (await run.front.answers()).filter(({ path }) => path.includes('/chunks/'));
  const fetched = answers.reduce((sum, answer) => sum + answer.bytes, 0);
  const sale = await auditSale(buying, run.stage.chunks, deposits);
  await checkFiles(buying.output, run.stage);
  return { kills, fetchedRatio: Math.round((fetched / run.bytes) * 1000) / 1000, ...sale };
}

async function buyQuietly(buying: Buying, stage: Stage): Promise<MemoryOverTime> {
  log('buying, left alone');
  await openChannel(buying);
  const samples: number[] = [];
  await measure({
    program: process.execPath,
    args: buyArguments(buying),
    onMemory: (now) => samples.push(now),
  });
  await checkFiles(buying.output, stage);
  return memoryOverTime(samples);
}

/** @throws Error where a byte differs */
async function checkFiles(output: string, { source }: Stage): Promise<void> {
  execFileSync('cmp', [source, join(output, basename(source))]);
  await rm(output, { recursive: true });
}

interface LongResult {
  readonly bytes: number;
  readonly publishMemory: MemoryOverTime;
  readonly killed: Killed;
  readonly quiet: MemoryOverTime;
}

function textOf({ bytes, publishMemory, killed, quiet }: LongResult): string {
  const memory = ({ minimum, median, maximum, quarters }: MemoryOverTime) =>
    `${minimum} MB at least, ${median} in the middle, ${maximum} at most; by quarters ${quarters.join(', ')}`;
  return `${bytes} bytes
publish, resident:    ${memory(publishMemory)}
buy, resident:        ${memory(quiet)}
buy, killed:          ${killed.kills} times; the server sent ${killed.fetchedRatio} of the bytes; the files are correct
paid:                 ${killed.paidSats} sat, signed once each; the seller has ${killed.sellerReceivedSats} on the chain
`;
}
