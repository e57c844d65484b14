import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { accessSync, constants, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { delimiter, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';
import { isAlive } from './process-id.ts';

export interface RunningBitcoind {
  /** With the node's own cookie as credentials: not for logs. */
  readonly url: string;
  readonly pid: number;
  stop(): Promise<void>;
}

const READY_TRIES = 300;
const STOP_TRIES = 300;
const TRY_EVERY_MS = 50;
const CALL_TIMEOUT_MS = 5_000;

/** Where a node's port and process id are kept, for whoever comes after a parent that was killed. */
const RUN_FILE = 'spillway-bitcoind.json';

/**
 * A bitcoind to run: `BITCOIND`, else one on PATH, else one in the given folders.
 * @returns its path, or undefined if there is none
 */
export function findBitcoind(
  environment: NodeJS.ProcessEnv = process.env,
  otherFolders: readonly string[] = [],
): string | undefined {
  if (environment.BITCOIND) return environment.BITCOIND;
  const folders = [...(environment.PATH ?? '').split(delimiter), ...otherFolders];
  return folders
    .filter(Boolean)
    .map((folder) => join(folder, 'bitcoind'))
    .find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * Starts a regtest node on a data folder, or takes over the one that a killed parent left running there.
 * @throws if the node does not come up, with the end of what it printed
 */
export async function startBitcoind(path: string, dataFolder: string): Promise<RunningBitcoind> {
  mkdirSync(dataFolder, { recursive: true });
  const orphan = await takeOverOrphan(dataFolder);
  if (orphan) return orphan;

  const port = await freePort();
  const flags = [...(await flagsOf(path)), `-rpcport=${port}`, `-datadir=${dataFolder}`];
  const child = spawn(path, flags, { stdio: ['ignore', 'ignore', 'pipe'] });
  const printed = collectOutput(child);
  if (child.pid !== undefined)
    writeFileSync(join(dataFolder, RUN_FILE), JSON.stringify({ pid: child.pid, port }));
  for (
    let tries = 0;
    tries < READY_TRIES && child.exitCode === null && child.signalCode === null;
    tries += 1
  ) {
    const url = urlFromCookie(dataFolder, port);
    if (child.pid !== undefined && url !== undefined && (await isReady(url))) return running(url, child.pid);
    await wait(TRY_EVERY_MS);
  }
  child.kill('SIGTERM');
  throw new Error(`bitcoind did not start: ${printed()}`);
}

async function flagsOf(path: string): Promise<string[]> {
  const { stdout } = await promisify(execFile)(path, ['-version'], { timeout: CALL_TIMEOUT_MS });
  // Knots needs to be told to enforce BIP431 and not to expire; Core does so and does not know the flags.
  const knots = stdout.includes('Knots') ? ['-softwareexpiry=0', '-mempooltruc=enforce'] : [];
  return [
    '-regtest',
    '-server',
    '-listen=0',
    // Errors still go to stderr; the log is in the data folder.
    '-printtoconsole=0',
    '-connect=0',
    '-dnsseed=0',
    '-txindex=1',
    '-blockfilterindex=1',
    '-minrelaytxfee=0.00001',
    '-incrementalrelayfee=0.00001',
    '-rpcbind=127.0.0.1',
    '-rpcallowip=127.0.0.1',
    ...knots,
  ];
}

function collectOutput(child: ChildProcess): () => string {
  let text = '';
  const keep = (piece: Buffer): void => {
    text = (text + piece.toString('utf8')).slice(-2_000);
  };
  child.stderr?.on('data', keep);
  child.on('error', (error) => keep(Buffer.from(error.message)));
  return () => text;
}

async function takeOverOrphan(dataFolder: string): Promise<RunningBitcoind | undefined> {
  const left = readRunFile(join(dataFolder, RUN_FILE));
  if (!left) return undefined;
  // The cookie is the data folder's, so only the node that holds this very folder lets us in.
  for (let tries = 0; tries < READY_TRIES && isAlive(left.pid); tries += 1) {
    const url = urlFromCookie(dataFolder, left.port);
    if (url !== undefined && (await isReady(url))) return running(url, left.pid);
    if (url === undefined && tries > 20) return undefined;
    await wait(TRY_EVERY_MS);
  }
  return undefined;
}

function readRunFile(path: string): { pid: number; port: number } | undefined {
  if (!existsSync(path)) return undefined;
  try {
    const { pid, port } = JSON.parse(readFileSync(path, 'utf8'));
    return Number.isInteger(pid) && Number.isInteger(port) ? { pid, port } : undefined;
  } catch {
    return undefined;
  }
}

function urlFromCookie(dataFolder: string, port: number): string | undefined {
  const file = join(dataFolder, 'regtest', '.cookie');
  if (!existsSync(file)) return undefined;
  return `http://${readFileSync(file, 'utf8').trim()}@127.0.0.1:${port}`;
}

const running = (url: string, pid: number): RunningBitcoind => ({ url, pid, stop: () => stopNode(url, pid) });

async function stopNode(url: string, pid: number): Promise<void> {
  await callOnce(url, 'stop').catch(() => terminate(pid));
  for (let tries = 0; tries < STOP_TRIES; tries += 1) {
    if (!isAlive(pid)) return;
    await wait(TRY_EVERY_MS);
  }
  throw new Error(`bitcoind (process ${pid}) does not stop`);
}

/** It may be gone already, by the same Ctrl-C that ends us. */
function terminate(pid: number): void {
  if (isAlive(pid)) process.kill(pid, 'SIGTERM');
}

/** Ready once the RPC answers and both indexes that we search by have caught up. */
async function isReady(url: string): Promise<boolean> {
  try {
    const indexes: unknown = await callOnce(url, 'getindexinfo');
    if (typeof indexes !== 'object' || indexes === null) return false;
    return Object.values(indexes).every(({ synced }) => synced === true);
  } catch {
    return false;
  }
}

async function callOnce(url: string, method: string): Promise<unknown> {
  const { username, password, origin } = new URL(url);
  const response = await fetch(origin, {
    method: 'POST',
    headers: { authorization: `Basic ${btoa(`${username}:${password}`)}` },
    body: JSON.stringify({ id: 0, method, params: [] }),
    signal: AbortSignal.timeout(CALL_TIMEOUT_MS),
  });
  if (!response.ok) throw new Error(`${method}: HTTP ${response.status}`);
  const { result } = JSON.parse(await response.text());
  return result;
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}
