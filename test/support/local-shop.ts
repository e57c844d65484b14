import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Faucet, regtestFaucet } from '../../local/chain/faucet.ts';
import { isAlive } from '../../local/chain/process-id.ts';
import { environmentFile, readEnvironmentFile } from '../../shared/environment-file.ts';
import { type BuiltCommand, type Ended, lastJson, type RunningCommand } from './built-command.ts';
import type { AvailableChain } from './chains.ts';
import { type Rpc, rpcCaller } from './rpc.ts';

export interface LocalShopOptions {
  readonly folder: string;
  readonly chain: Pick<AvailableChain, 'name' | 'environment'>;
  readonly policy?: Readonly<Record<string, unknown>>;
  /** Seconds; long enough by default that no run comes in the way. */
  readonly sweepEvery?: number;
}

/** `spillway shop dev` in a process of its own. */
export interface LocalShopProcess {
  readonly url: string;
  readonly folder: string;
  readonly chainUrl: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly faucet: Faucet;
  readonly rpc: Rpc;
  readonly ended: Promise<Ended>;
  /** Puts a file or folder up for sale. */
  publish(source: string, ...further: readonly string[]): Promise<Published>;
  /** Without a warning. */
  kill(): Promise<void>;
  /** As Ctrl-C does; what a killed shop left running is ended too. */
  stop(): Promise<void>;
}

export interface Published {
  readonly manifest: string;
  readonly chunks: number;
  readonly bytes: number;
}

export async function startLocalShop(
  command: BuiltCommand,
  { folder, chain, policy, sweepEvery = 3600 }: LocalShopOptions,
): Promise<LocalShopProcess> {
  const process = command.start(
    [
      ...['shop', 'dev', '--folder', folder, '--chain', chain.name, '--json'],
      ...['--block-every', '0', '--sweep-every', `${sweepEvery}`],
      ...(policy ? ['--policy', JSON.stringify(policy)] : []),
    ],
    { environment: chain.environment },
  );
  await process.line(/^\{"ready":true/);
  const environment = await readEnvironmentFile(environmentFile(folder));
  const chainUrl = environment.SPILLWAY_CHAIN_URL ?? '';
  return {
    url: environment.SPILLWAY_SHOP_URL ?? '',
    folder,
    chainUrl,
    environment,
    faucet: regtestFaucet(chainUrl),
    rpc: rpcCaller(chainUrl),
    ended: process.ended,
    async publish(source, ...further) {
      const ended = await command.run(['publish', source, '--shop', folder, '--json', ...further]);
      if (ended.code !== 0) throw new Error(`publishing failed: ${ended.stderr}`);
      const { manifest, chunks, bytes } = lastJson(ended);
      return { manifest: String(manifest), chunks: Number(chunks), bytes: Number(bytes) };
    },
    async kill() {
      await process.kill();
    },
    async stop() {
      const wasKilled = process.process.signalCode === 'SIGKILL';
      await stopShop(process);
      if (wasKilled) endOrphanedNode(folder);
    },
  };
}

async function stopShop({ process, ended }: RunningCommand): Promise<void> {
  process.kill('SIGTERM');
  await ended;
}

/** A bitcoind outlives a killed shop, so that the next one takes it over. */
function endOrphanedNode(folder: string): void {
  const path = join(folder, 'chain', 'bitcoind', 'spillway-bitcoind.json');
  if (!existsSync(path)) return;
  const { pid } = JSON.parse(readFileSync(path, 'utf8'));
  if (Number.isInteger(pid) && isAlive(pid)) globalThis.process.kill(pid, 'SIGTERM');
}
