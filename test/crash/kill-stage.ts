import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { scriptOfAddress } from '../../shared/protocol/network.ts';
import { buildCommand, type RunningCommand } from '../support/built-command.ts';
import { type LocalShopProcess, startLocalShop } from '../support/local-shop.ts';
import { patterned } from '../support/object-store.ts';
import { CHUNK, CHUNKS, PRICE_PER_CHUNK, SIZE } from './crash-stage.ts';
import type { Death } from './mortal.ts';

/** Seconds between two runs of the schedule. */
const SWEEP_EVERY = 0.3;
const COINS = 130;

/** A shop that sells the dataset, in a process of its own that can be killed, and starts again by itself when it was. */
export interface KillStage {
  readonly data: Uint8Array;
  readonly manifest: string;
  readonly payoutScript: Uint8Array;
  readonly tables: { readonly client: DynamoDBClient };
  /** @throws Error where a killed shop did not start again */
  shop(): LocalShopProcess;
  /** How often the shop died. */
  readonly deaths: () => number;
  /** Resolves when the shop that runs now has died and another runs in its place. */
  readonly restarted: () => Promise<void>;
  /** Ends the shop and starts it so that it dies at one of its steps. @returns the steps of that process, once it is asked */
  restart(death?: Death): Promise<() => Promise<readonly string[]>>;
  /** Starts `spillway buy`, to die at one of its steps. */
  buy(buyer: BuyerFolders, death?: Death): Promise<KilledBuyer>;
  makeFolder(): Promise<string>;
  end(): Promise<void>;
}

export interface BuyerFolders {
  readonly home: string;
  readonly output: string;
}

export interface KilledBuyer {
  readonly command: RunningCommand;
  readonly steps: () => Promise<readonly string[]>;
}

export async function startKillStage(): Promise<KillStage> {
  const root = await mkdtemp(join(tmpdir(), 'spillway-kill-'));
  const command = buildCommand();
  const folder = join(root, 'shop');
  const data = patterned(SIZE, 3);
  await mkdir(join(root, 'source'));
  await writeFile(join(root, 'source', 'numbers.bin'), data);
  const start = (environment: Readonly<Record<string, string>> = {}) =>
    startLocalShop(command, {
      folder,
      chain: { name: 'embedded', environment },
      policy: { creditMinimumChunks: CHUNKS },
      sweepEvery: SWEEP_EVERY,
    });
  let shop = await start();
  await shop.faucet.mine(COINS);
  const price = ['--price', `${PRICE_PER_CHUNK}`, '--chunk-size', `${CHUNK}`];
  const { manifest } = await shop.publish(join(root, 'source'), ...price);

  let deaths = 0;
  let restarted: Promise<void> = Promise.resolve();
  let failure: Error | undefined;
  const watch = (running: LocalShopProcess) => {
    restarted = running.ended.then(async ({ signal }) => {
      if (signal !== 'SIGKILL') return;
      deaths += 1;
      try {
        shop = await start();
        watch(shop);
      } catch (error) {
        failure = new Error('a killed shop does not start again', { cause: error });
      }
    });
  };
  watch(shop);
  const { environment } = shop;
  const client = new DynamoDBClient({
    endpoint: environment.AWS_ENDPOINT_URL_DYNAMODB ?? '',
    region: environment.AWS_REGION ?? '',
    credentials: {
      accessKeyId: environment.AWS_ACCESS_KEY_ID ?? '',
      secretAccessKey: environment.AWS_SECRET_ACCESS_KEY ?? '',
    },
  });
  return {
    data,
    manifest,
    payoutScript: scriptOfAddress(environment.SPILLWAY_PAYOUT_ADDRESS ?? '', 'regtest'),
    tables: { client },
    shop() {
      if (failure) throw failure;
      return shop;
    },
    deaths: () => deaths,
    restarted: () => restarted,
    async restart(death) {
      await shop.stop();
      const killer = killerOf(root, death);
      try {
        shop = await start(killer.environment);
        watch(shop);
      } catch (error) {
        // Dead before it was ready: the next one takes its place at once.
        if (!death) throw error;
        deaths += 1;
        shop = await start();
        watch(shop);
      }
      return killer.steps;
    },
    async buy({ home, output }, death) {
      const killer = killerOf(root, death);
      const where = ['--output', output, '--home', home, '--shop-folder', folder];
      const running = command.start(
        ['buy', shop.url, manifest, ...where, '--poll-interval', '0.05', '--wait', '--yes', '--json'],
        { environment: killer.environment },
      );
      return { command: running, steps: killer.steps };
    },
    makeFolder: () => mkdtemp(join(root, 'run-')),
    async end() {
      client.destroy();
      await shop.stop();
      await command.end();
      await rm(root, { recursive: true, force: true });
    },
  };
}

/** The environment that has a process count its steps, and die at one. */
function killerOf(root: string, death: Death | undefined) {
  const file = join(root, `steps-${randomBytes(6).toString('hex')}`);
  const at = death && { CRASH_AT: `${death.step}`, CRASH_WHEN: death.when };
  return {
    environment: {
      NODE_OPTIONS: `--require ${resolve('test/crash/killer.cjs')}`,
      CRASH_STEPS: file,
      ...at,
    },
    steps: async () => (existsSync(file) ? (await readFile(file, 'utf8')).trimEnd().split('\n') : []),
  };
}
